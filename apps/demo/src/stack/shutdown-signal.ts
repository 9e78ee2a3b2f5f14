/**
 * Aborted by the first SIGTERM or SIGINT. More of them change nothing: Ctrl-C reaches a program under npm twice, from the
 * terminal and from npm.
 */
export function listenForShutdown(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
