import type { Instant, RockpoolError } from "@rockpool/base";
import type { ServerIdentity } from "./server-identity.ts";

/** What a connection is wanted for: one statement of anybody's, or a session's own use until it gives it back. */
export type PoolPurpose = "shared" | "pinned";

/** Bounds of the pool. Times in milliseconds. */
export interface PoolLimits {
  /** Connections at most, of all accounts together, those being opened included. Default 20. */
  readonly max: number;
  /** Of those, how many sessions may hold for themselves; the others always serve single statements. Default 16. */
  readonly pinnedMax: number;
  /** Connections of the main account kept open. Default 2. */
  readonly minWarm: number;
  /** An idle connection above `minWarm` is closed after this. Default 600,000. */
  readonly idleTimeoutMs: number;
  /** A connection is replaced at this age, give or take 10 %. Default 1,800,000. */
  readonly ageMaxMs: number;
  /** Longest wait; then `pool-exhausted`. Default 10,000. */
  readonly waitTimeoutMs: number;
  /** Waiting at once; the next one gets `pool-exhausted` without waiting. Default 10,000. */
  readonly waitersMax: number;
  /** A reset that takes longer loses its connection. Default 3,000. */
  readonly resetTimeoutMs: number;
}

/** DESIGN section 6. */
export const DEFAULT_POOL_LIMITS: PoolLimits = {
  max: 20,
  pinnedMax: 16,
  minWarm: 2,
  idleTimeoutMs: 600_000,
  ageMaxMs: 1_800_000,
  waitTimeoutMs: 10_000,
  waitersMax: 10_000,
  resetTimeoutMs: 3_000,
};

/** What the pool needs of a connection; see `DatabaseConnection`. */
export interface PoolableConnection {
  readonly account: string;
  readonly identity: ServerIdentity;
  readonly serverIdleTimeoutMs: number;
  readonly appliedState: string | null;
  readonly busy: boolean;
  readonly dirty: boolean;
  readonly brokenBy: RockpoolError | null;
  onBroken(listener: (cause: RockpoolError) => void): void;
  reset(): Promise<void>;
  close(): void;
  destroy(cause?: RockpoolError): void;
}

/** A wish for a connection. */
export interface AcquireRequest {
  readonly account: string;
  readonly purpose: PoolPurpose;
  /** Whose turn it uses: logins are served round robin. */
  readonly login: string;
  /** No later than this instant; then `deadline-expired`. */
  readonly deadline?: Instant;
  /** Aborted = `cancelled` at once. */
  readonly signal?: AbortSignal;
  /** Asked when its turn comes: nobody there any more = `cancelled`, and the connection goes to the next. */
  readonly isAbandoned?: () => boolean;
  /** A connection with this virtual state applied is preferred; null or "" = the base state. */
  readonly stateHash?: string | null;
}

/** Counts of this moment, and totals since the start. */
export interface PoolStats {
  readonly total: number;
  readonly idle: number;
  readonly shared: number;
  readonly pinned: number;
  readonly resetting: number;
  readonly opening: number;
  readonly waiting: number;
  readonly waitingForPin: number;
  readonly openedCount: number;
  readonly closedCount: number;
  readonly connectFailureCount: number;
  readonly waitTimeoutCount: number;
}
