import type { Logger } from "@rockpool/telemetry";
import { EXIT } from "./exit-codes.ts";
import type { RunningProgram } from "./run-program.ts";

/** What a close may take beyond the drain: the last answers and connections. */
const GRACE_MS = 2_000;

/**
 * SIGTERM or SIGINT: not ready → `delayMs` later no new work → at most `drainMaxMs` for what is in progress → exit 0, in
 * time whatever hangs. A second signal exits at once.
 */
export function stopOnSignals(
  running: Pick<RunningProgram<never>, "announceStop" | "close">,
  shutdown: () => { readonly delayMs: number; readonly drainMaxMs: number },
  log: Logger,
): void {
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) {
      log.warn("stopped at once by a second signal", { signal });
      process.exit(EXIT.failed);
    }
    isStopping = true;
    const { delayMs, drainMaxMs } = shutdown();
    log.info("draining", { signal, delayMs, drainMaxMs });
    running.announceStop();
    // Not unref'd: for a program whose last handle is gone, the delay must still be one.
    setTimeout(() => drain(running, drainMaxMs, log), delayMs);
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

function drain(running: Pick<RunningProgram<never>, "close">, drainMaxMs: number, log: Logger): void {
  const end = (code: number, how: string): void => {
    log.info(how);
    process.exit(code);
  };
  setTimeout(() => end(EXIT.ok, "stopped; what was still in progress was cut off"), drainMaxMs + GRACE_MS);
  running.close(drainMaxMs).then(
    () => end(EXIT.ok, "stopped"),
    (error: unknown) => {
      log.error("could not stop cleanly", {
        error: error instanceof Error ? error : new Error(String(error)),
      });
      process.exit(EXIT.failed);
    },
  );
}
