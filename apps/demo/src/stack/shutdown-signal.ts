const PARENT_POLL_MS = 1_000;

/**
 * Aborted by the first SIGTERM or SIGINT. More of them change nothing: Ctrl-C reaches a program under npm twice, from the
 * terminal and from npm. Under npm it is also aborted when npm is gone without a word, as after SIGKILL.
 */
export function listenForShutdown(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => controller.abort());
  if (process.env["npm_lifecycle_event"] !== undefined) {
    const parent = process.ppid;
    const watch = (): void => (process.ppid === parent ? undefined : controller.abort());
    setInterval(watch, PARENT_POLL_MS).unref();
  }
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
