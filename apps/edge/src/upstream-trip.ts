import type { StatementCall, StatementHandlers } from "@rockpool/backhaul";
import { type Clock, type Instant, RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import type { UpstreamCall, UpstreamHandlers } from "@rockpool/engine";
import type { StatementMessage } from "@rockpool/protocol/backhaul";

/** What a trip needs of the way to the origin. */
export interface UpstreamTripOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The statement's time from here to its answer. */
  readonly limitMs: number;
  /** How long it is held while the origin takes no statements. */
  readonly holdMaxMs: number;
  /** Sends it, to be put on a connection within `waitMaxMs`; null = the origin's clock is not known: `go` is called when it is. */
  readonly send: (handlers: StatementHandlers, leftMs: number, waitMaxMs: number) => StatementCall | null;
  /** The origin is not the process that the statement was meant for. */
  readonly onWrongOrigin: () => void;
  readonly onOver: () => void;
}

/** After its deadline the origin answers by itself; only a broken link needs this much more. */
const GRACE_MS = 2_000;
const RETRY_FIRST_MS = 25;
const RETRY_MAX_MS = 500;

/**
 * One statement on its way. While the origin restarts it is held, and sent again as long as it is certain that it
 * never reached the database: then it does not matter whether it is a read or a write (R17).
 */
export class UpstreamTrip implements UpstreamCall, StatementHandlers {
  readonly #handlers: UpstreamHandlers;
  readonly #options: UpstreamTripOptions;
  readonly #endsAt: Instant;
  readonly #end: TimerHandle;
  #heldUntil: Instant;
  #hold: TimerHandle | null = null;
  #call: StatementCall | null = null;
  #sentCount = 0;
  #paused = false;
  #answered = false;
  #over = false;

  constructor(handlers: UpstreamHandlers, options: UpstreamTripOptions) {
    this.#handlers = handlers;
    this.#options = options;
    const now = options.clock.now();
    this.#endsAt = now + options.limitMs;
    this.#heldUntil = now + options.holdMaxMs;
    this.#end = options.timers.after(options.limitMs + GRACE_MS, () => {
      this.#call?.cancel();
      this.#lose(false, new RockpoolError("outcome-unknown"));
    });
  }

  /** Sends it, or waits for the origin's clock. */
  go(): void {
    if (this.#over || this.#call !== null) return;
    const leftMs = this.#endsAt - this.#options.clock.now();
    const call = this.#options.send(this, leftMs, Math.max(0, this.#holdLeftMs()));
    this.#hold?.cancel();
    this.#hold = null;
    if (call === null) return this.#holdFor(this.#holdLeftMs(), () => this.#giveUp());
    this.#sentCount += 1;
    if (this.#paused) call.pause();
    this.#call = call;
  }

  /** Nobody more may wait. */
  failLater(): void {
    queueMicrotask(() => this.#giveUp());
  }

  onMessage(message: StatementMessage): void {
    if (this.#over) return;
    if (message.kind === "failure" && message.failure.harmless && !this.#answered) {
      const { code } = message.failure;
      if (code === "origin-unreachable") {
        this.#options.onWrongOrigin();
        return this.#again();
      }
      if (code === "shutting-down") {
        // It lives, and lets others end first: that may take as long as it takes.
        this.#heldUntil = this.#options.clock.now() + this.#options.holdMaxMs;
        return this.#again();
      }
    }
    this.#answered = true;
    if (message.kind === "finish" || message.kind === "failure") this.#finish();
    this.#handlers.onMessage(message);
  }

  onLost(harmless: boolean, cause: Error): void {
    if (this.#over) return;
    const isFinal = !harmless || this.#answered || cause instanceof RockpoolError;
    if (isFinal) this.#lose(harmless, cause);
    else this.#again();
  }

  pause(): void {
    this.#paused = true;
    this.#call?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#call?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.#call?.cancel();
  }

  /** The first time at once: a connection that ends is mostly replaced already. */
  #again(): void {
    this.#call = null;
    const holdLeftMs = this.#holdLeftMs();
    if (holdLeftMs <= 0) return this.#giveUp();
    if (this.#sentCount === 1) return this.go();
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(this.#sentCount, 10));
    this.#holdFor(Math.min(delayMs, holdLeftMs), () => this.go());
  }

  #holdLeftMs(): number {
    return Math.min(this.#heldUntil, this.#endsAt) - this.#options.clock.now();
  }

  #holdFor(delayMs: number, task: () => void): void {
    this.#hold?.cancel();
    this.#hold = this.#options.timers.after(Math.max(0, delayMs), task);
  }

  #giveUp(): void {
    this.#lose(true, new RockpoolError("origin-unreachable"));
  }

  #lose(harmless: boolean, cause: Error): void {
    if (this.#over) return;
    this.#finish();
    this.#handlers.onLost(harmless, cause);
  }

  #finish(): void {
    this.#over = true;
    this.#end.cancel();
    this.#hold?.cancel();
    this.#options.onOver();
  }
}
