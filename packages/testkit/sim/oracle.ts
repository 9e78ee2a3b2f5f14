import type { Transaction } from "./database.ts";

/** What may not happen. A closed list. */
export type Violation =
  | "older-than-applied" // a valid entry misses a change that this worker has applied
  | "older-than-bound" // a hit misses a transaction promised before now - bound
  | "older-than-max-age" // a hit misses a write that passed beside the origin more than max_age ago
  | "own-write-missed" // a session does not see its own acknowledged write
  | "login-write-missed" // a session does not see its login's write through the same edge
  | "edge-write-missed" // a session does not see a write whose answer carried its change through the same edge
  | "own-transaction-missed" // a hit inside a transaction hides its own uncommitted write
  | "stuck-stale" // at rest, a valid entry misses a committed transaction
  | "stuck-closed"; // at rest, an edge serves no hits or admits nothing

/** An answer, as the oracle sees it. */
export interface Seen {
  /** The snapshot it shows. */
  readonly executedAt: number;
  /** The bits it shows of it. */
  readonly mask: number;
}

/** Collects violations and what the run was good for. */
export interface Oracle {
  readonly violations: Map<Violation, number>;
  readonly counts: {
    hits: number;
    joins: number;
    fills: number;
    refusals: number;
    writes: number;
    misses: number;
  };
  report(violation: Violation): void;
}

/** Creates an oracle that has seen nothing. */
export function createOracle(): Oracle {
  const violations = new Map<Violation, number>();
  return {
    violations,
    counts: { hits: 0, joins: 0, fills: 0, refusals: 0, writes: 0, misses: 0 },
    report: (violation) => violations.set(violation, (violations.get(violation) ?? 0) + 1),
  };
}

/** Whether the answer lacks what the transaction did to the rows it shows. */
export function misses(seen: Seen, transaction: Transaction): boolean {
  return (transaction.mask & seen.mask) !== 0 && transaction.visibleAt > seen.executedAt;
}
