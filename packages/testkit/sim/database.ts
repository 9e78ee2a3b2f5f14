import { type ChangeSet, NO_CHANGE, uniteChanges } from "@rockpool/base";

import type { Schedule } from "./schedule.ts";
import type { Write } from "./statements.ts";

/** One transaction that commits. */
export interface Transaction {
  readonly mask: number;
  readonly change: ChangeSet;
  readonly redefinitionCount: number;
  /** When its event is in the log stream: never after it is visible. */
  readonly loggedAt: number;
  /** When readers see it. */
  readonly visibleAt: number;
  /** It did not pass through an origin. */
  readonly external: boolean;
  /** When the promise of the bound begins to hold for it; `Infinity` = nobody has been told. */
  promisedAt: number;
  /** Where it was published, per epoch. */
  readonly published: Map<string, number>;
}

/** The database of the model: commits, what a snapshot contains, and the log. */
export interface Database {
  /** In commit order. Some of them commit in the future. */
  readonly transactions: readonly Transaction[];
  /** Commits `writes` as one transaction, logged at `loggedAt`, seen by readers from `visibleAt`. */
  commit(writes: readonly Write[], loggedAt: number, visibleAt: number, external: boolean): Transaction;
  /** The table that the view stands for in a snapshot taken at `time`. */
  viewBaseAt(time: number): number;
  /** Called with each commit, at the moment it is known when it is logged. */
  onCommit: (transaction: Transaction) => void;
}

/** Creates an empty database. */
export function createDatabase(schedule: Schedule): Database {
  const transactions: Transaction[] = [];
  const database: Database = {
    transactions,
    onCommit: () => undefined,
    commit(writes, loggedAt, visibleAt, external) {
      const transaction: Transaction = {
        mask: writes.reduce((mask, write) => mask | write.mask, 0),
        change: writes.reduce((change, write) => uniteChanges(change, write.change), NO_CHANGE),
        redefinitionCount: writes.filter((write) => write.redefines).length,
        loggedAt: Math.max(loggedAt, schedule.now),
        visibleAt: Math.max(visibleAt, loggedAt, schedule.now),
        external,
        promisedAt: Number.POSITIVE_INFINITY,
        published: new Map(),
      };
      transactions.push(transaction);
      database.onCommit(transaction);
      return transaction;
    },
    viewBaseAt(time) {
      let count = 0;
      for (const transaction of transactions) {
        if (transaction.visibleAt <= time) count += transaction.redefinitionCount;
      }
      return count % 2;
    },
  };
  return database;
}
