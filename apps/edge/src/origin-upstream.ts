import type { StatementCall, StatementClient, StatementHandlers } from "@rockpool/backhaul";
import { type Clock, type Instant, RockpoolError, type TimerHandle, type Timers } from "@rockpool/base";
import type { Upstream, UpstreamCall, UpstreamHandlers, UpstreamStatement } from "@rockpool/engine";
import type { StatementMessage } from "@rockpool/protocol/backhaul";

/** Options of the way to the origin. */
export interface OriginUpstreamOptions {
  readonly client: StatementClient;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A statement's time from here to its answer. */
  readonly requestTimeoutMs: number;
  /** How long a statement may wait for the first word of the origin's clock. */
  readonly connectTimeoutMs: number;
  readonly waitersMax: number;
}

/** After its deadline the origin answers by itself; only a broken link needs this much more. */
const GRACE_MS = 2_000;

/** What is known of the origin's clock, from the last heartbeat (R18). */
interface OriginClock {
  readonly instance: string;
  readonly originNow: number;
  readonly askedAt: Instant;
}

/** The engine's upstream over the backhaul: adds deadlines in the origin's time. */
export class OriginUpstream implements Upstream {
  readonly #options: OriginUpstreamOptions;
  readonly #waiting = new Set<() => void>();
  #clock: OriginClock | null = null;

  constructor(options: OriginUpstreamOptions) {
    this.#options = options;
  }

  /** A heartbeat was answered. */
  setClock(instance: string, originNow: number, askedAt: Instant): void {
    this.#clock = { instance, originNow, askedAt };
    for (const start of this.#waiting) start();
  }

  /** Another origin process answers from now on: its clock is not known yet. */
  forgetClock(): void {
    this.#clock = null;
  }

  execute(statement: UpstreamStatement, handlers: UpstreamHandlers): UpstreamCall {
    const limitMs = Math.min(this.#options.requestTimeoutMs, statement.timeoutMs ?? Number.POSITIVE_INFINITY);
    const call = new UpstreamTrip(handlers, this.#options, limitMs);
    const start = (): void => {
      this.#waiting.delete(start);
      call.start((tripHandlers, clock) => this.#send(statement, limitMs, tripHandlers, clock), this.#clock);
    };
    call.onOver = () => this.#waiting.delete(start);
    if (this.#clock !== null) start();
    else if (this.#waiting.size >= this.#options.waitersMax) call.failLater();
    else this.#waiting.add(start);
    return call;
  }

  #send(
    statement: UpstreamStatement,
    limitMs: number,
    handlers: StatementHandlers,
    clock: OriginClock,
  ): StatementCall {
    const { context, timeoutMs: _told, ...session } = statement;
    const elapsedMs = this.#options.clock.now() - clock.askedAt;
    return this.#options.client.execute(
      {
        ...session,
        ...context,
        instance: clock.instance,
        deadlineMs: clock.originNow + elapsedMs + limitMs,
      },
      handlers,
    );
  }
}

/** One statement: waits for the clock, then for its answer, both within bounds. */
class UpstreamTrip implements UpstreamCall, StatementHandlers {
  readonly #handlers: UpstreamHandlers;
  readonly #options: OriginUpstreamOptions;
  readonly #limitMs: number;
  #timer: TimerHandle;
  #call: StatementCall | null = null;
  #paused = false;
  #over = false;
  onOver: () => void = () => {};

  constructor(handlers: UpstreamHandlers, options: OriginUpstreamOptions, limitMs: number) {
    this.#handlers = handlers;
    this.#options = options;
    this.#limitMs = limitMs;
    this.#timer = options.timers.after(Math.min(options.connectTimeoutMs, limitMs), () =>
      this.onLost(true, new RockpoolError("origin-unreachable")),
    );
  }

  start(
    send: (handlers: StatementHandlers, clock: OriginClock) => StatementCall,
    clock: OriginClock | null,
  ): void {
    if (this.#over || clock === null) return;
    this.#timer.cancel();
    this.#timer = this.#options.timers.after(this.#limitMs + GRACE_MS, () => {
      this.#call?.cancel();
      this.onLost(false, new RockpoolError("outcome-unknown"));
    });
    this.#call = send(this, clock);
    if (this.#paused) this.#call.pause();
  }

  failLater(): void {
    queueMicrotask(() => this.onLost(true, new RockpoolError("origin-unreachable")));
  }

  onMessage(message: StatementMessage): void {
    if (this.#over) return;
    if (message.kind === "finish" || message.kind === "failure") this.#end();
    this.#handlers.onMessage(message);
  }

  onLost(harmless: boolean, cause: Error): void {
    if (this.#over) return;
    this.#end();
    this.#handlers.onLost(harmless, cause);
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
    this.#end();
    this.#call?.cancel();
  }

  #end(): void {
    this.#over = true;
    this.#timer.cancel();
    this.onOver();
  }
}
