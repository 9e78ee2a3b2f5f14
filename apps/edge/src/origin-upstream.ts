import type { StatementCall, StatementClient, StatementHandlers } from "@rockpool/backhaul";
import type { Clock, Instant, Timers } from "@rockpool/base";
import type { Upstream, UpstreamCall, UpstreamHandlers, UpstreamStatement } from "@rockpool/engine";
import { UpstreamTrip } from "./upstream-trip.ts";

/** Options of the way to the origin. */
export interface OriginUpstreamOptions {
  readonly client: StatementClient;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A statement's time from here to its answer. */
  readonly requestTimeoutMs: number;
  /** How long a statement is held while the origin takes none: while it restarts, or cannot be reached. */
  readonly holdMaxMs: number;
  readonly waitersMax: number;
}

/** What is known of the origin's clock, from the last heartbeat (R18). */
interface OriginClock {
  readonly instance: string;
  readonly originNow: number;
  readonly askedAt: Instant;
}

/** The engine's upstream over the backhaul: adds deadlines in the origin's time. */
export class OriginUpstream implements Upstream {
  readonly #options: OriginUpstreamOptions;
  readonly #waiting = new Set<UpstreamTrip>();
  #clock: OriginClock | null = null;

  constructor(options: OriginUpstreamOptions) {
    this.#options = options;
  }

  /** A heartbeat was answered. */
  setClock(instance: string, originNow: number, askedAt: Instant): void {
    this.#clock = { instance, originNow, askedAt };
    for (const trip of this.#waiting) trip.go();
  }

  /** Another origin process answers from now on: its clock is not known yet. */
  forgetClock(): void {
    this.#clock = null;
  }

  execute(statement: UpstreamStatement, handlers: UpstreamHandlers): UpstreamCall {
    const { clock, timers, requestTimeoutMs, holdMaxMs, waitersMax } = this.#options;
    const limitMs = Math.min(requestTimeoutMs, statement.timeoutMs ?? Number.POSITIVE_INFINITY);
    let sentTo: OriginClock | null = null;
    const trip: UpstreamTrip = new UpstreamTrip(handlers, {
      clock,
      timers,
      limitMs,
      holdMaxMs,
      send: (tripHandlers, leftMs, waitMaxMs) => {
        sentTo = this.#clock;
        this.#waiting.delete(trip);
        if (sentTo !== null) return this.#send(statement, sentTo, tripHandlers, leftMs, waitMaxMs);
        if (this.#waiting.size < waitersMax) this.#waiting.add(trip);
        else trip.failLater();
        return null;
      },
      onWrongOrigin: () => {
        // The feed will tell of the process that answers there now.
        if (this.#clock?.instance === sentTo?.instance) this.#clock = null;
      },
      onOver: () => this.#waiting.delete(trip),
    });
    trip.go();
    return trip;
  }

  #send(
    statement: UpstreamStatement,
    origin: OriginClock,
    handlers: StatementHandlers,
    leftMs: number,
    waitMaxMs: number,
  ): StatementCall {
    const { context, timeoutMs: _told, ...session } = statement;
    const elapsedMs = this.#options.clock.now() - origin.askedAt;
    const deadlineMs = origin.originNow + elapsedMs + leftMs;
    return this.#options.client.execute(
      { ...session, ...context, instance: origin.instance, deadlineMs },
      handlers,
      waitMaxMs,
    );
  }
}
