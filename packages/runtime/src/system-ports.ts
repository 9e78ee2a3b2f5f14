import type { Clock, Random, Timers } from "@rockpool/base";

/** The real time, timers and dice of a process. */
export interface SystemPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The one place where programs read the system's clocks. Its timers never keep a process alive. */
export function createSystemPorts(): SystemPorts {
  return {
    clock: { now: () => performance.now(), wallMs: () => Date.now() },
    timers: {
      after(delayMs, task) {
        const timer = setTimeout(task, delayMs);
        timer.unref();
        return { cancel: () => clearTimeout(timer) };
      },
    },
    random: { next: () => Math.random() },
  };
}
