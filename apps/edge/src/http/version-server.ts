import type { Socket } from "node:net";
import type { ErrorCode } from "@rockpool/base";
import type { DoorLimits } from "./connection-gate.ts";
import type { BodyBudget } from "./read-body.ts";
import type { Router } from "./router.ts";

/** What the servers of both versions of HTTP work with. */
export interface VersionServerOptions {
  readonly router: Router;
  readonly limits: DoorLimits;
  /** Bounds the large answers that are on their way. */
  readonly answers: BodyBudget;
  /** A request was refused before any handler saw it. */
  readonly onRefused: (code: ErrorCode) => void;
}

/** One version of HTTP on connections that were accepted elsewhere. */
export interface VersionServer {
  accept(socket: Socket): void;
  /** Called about every second: ends what takes too long. `now` is monotonic, in ms. */
  sweep(now: number): void;
  /** Every connection's next answer is its last. */
  beginDrain(): void;
  /** Ends the connections that have nothing in progress. */
  closeIdle(): void;
  /** All connections are gone: stops the timers. */
  close(): void;
}
