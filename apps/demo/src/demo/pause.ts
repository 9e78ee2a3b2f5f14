import { setTimeout } from "node:timers/promises";

/** Waits, but not longer than until the signal is aborted. */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await setTimeout(durationMs, undefined, { signal }).catch(() => undefined);
}
