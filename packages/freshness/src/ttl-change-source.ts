import { type ChangeSet, EVERYTHING, isEmptyChange, NO_CHANGE, uniteChanges } from "@rockpool/base";

import { coarsen } from "./coarsen.ts";
import type { Publisher } from "./publisher.ts";

/** A published change, as the answer of the write that caused it carries it (R8). */
export interface CarriedChange {
  readonly epoch: string;
  readonly seq: number;
  readonly change: ChangeSet;
}

/** How a `TtlChangeSource` is bounded. */
export interface TtlChangeSourceOptions {
  /** Open transactions remembered: at least the number of database connections. */
  readonly transactionMax: number;
  /** Names in one transaction's union before it widens. Default 1024. */
  readonly unionNamesMax?: number;
}

/** Where a connection stands after a statement. */
export interface TransactionState {
  /** A transaction is open on the connection now (status flag), or an XA branch that has not ended. */
  readonly open: boolean;
  /**
   * The statement may have ended the transaction before it, even if one is open now: COMMIT (AND CHAIN), ROLLBACK,
   * BEGIN, DDL, CALL, XA …: anything but a plain read, DML or savepoint.
   */
  readonly mayHaveEnded: boolean;
  /** The statement is proven to have altered nothing itself: not even what was in doubt while it ran. */
  readonly alteredNothing?: boolean;
}

/**
 * Changes as the writes that pass through this origin show them (R14): no log is read. A `thread` names one database
 * connection for its life.
 */
export interface TtlChangeSource {
  /**
   * A statement is about to be sent. While one that alters definitions runs, what it alters is in doubt: a view may
   * already stand for other tables, and no change could be told to concern it. Others need no call.
   */
  starting(thread: string, effect: ChangeSet): void;
  /**
   * The statement has been running for long: it may be done at the database while its answer is stuck. Until it is
   * answered, what it and its transaction may have touched is in doubt.
   */
  overdue(thread: string, effect: ChangeSet): void;
  /**
   * A statement was answered, with OK or an error (an error may leave effects too); call it before that answer is
   * released. Publishes the statement's effect and, where a transaction may have ended, the union of all that the
   * transaction did once again. `null` when there is nothing to publish.
   */
  answered(thread: string, effect: ChangeSet, transaction: TransactionState): CarriedChange | null;
  /**
   * The connection was lost with a statement of this effect in flight (`NO_CHANGE` when idle). All that it and its
   * transaction may have touched is in doubt until `gone`. Returns the doubt's id; `null` when nothing was at stake.
   */
  lost(thread: string, effect: ChangeSet): string | null;
  /** The server no longer has the thread: its outcome is final. The position at which it counts as changed. */
  gone(doubtId: string): number;
  /** Transactions open with changes. */
  readonly openCount: number;
}

/** Creates a source that publishes through `publisher`. */
export function createTtlChangeSource(
  publisher: Publisher,
  options: TtlChangeSourceOptions,
): TtlChangeSource {
  return new TtlSource(publisher, options);
}

const UNION_NAMES_MAX = 1024;

class TtlSource implements TtlChangeSource {
  readonly #publisher: Publisher;
  readonly #options: TtlChangeSourceOptions;
  readonly #unions = new Map<string, ChangeSet>();
  /** Once more transactions were open than can be remembered, an end that is not remembered means everything. */
  #hasForgotten = false;
  /** Threads with a statement in flight that is in doubt already. */
  readonly #inFlight = new Set<string>();
  #lostCount = 0;

  constructor(publisher: Publisher, options: TtlChangeSourceOptions) {
    this.#publisher = publisher;
    this.#options = options;
  }

  get #namesMax(): number {
    return this.#options.unionNamesMax ?? UNION_NAMES_MAX;
  }

  get openCount(): number {
    return this.#unions.size;
  }

  starting(thread: string, effect: ChangeSet): void {
    if (effect.everything || effect.schemas.length > 0) this.overdue(thread, effect);
  }

  overdue(thread: string, effect: ChangeSet): void {
    const change = uniteChanges(this.#union(thread), effect);
    if (isEmptyChange(change) || this.#inFlight.has(thread)) return;
    this.#inFlight.add(thread);
    this.#publisher.openDoubt(inFlightDoubt(thread), change, true);
  }

  answered(thread: string, effect: ChangeSet, transaction: TransactionState): CarriedChange | null {
    // First what the transaction did, if it ended: edges must not see its tables out of doubt before that.
    if (transaction.alteredNothing === true) {
      const carried = this.#answeredWithNothing(thread, transaction);
      this.#settleInFlight(thread, NO_CHANGE);
      return carried;
    }
    this.#settleInFlight(thread);
    if (!transaction.open) return this.#publish(uniteChanges(this.#take(thread), effect));
    this.#remember(thread, effect);
    // Kept as well: after an error the old transaction may still be the open one.
    return this.#publish(transaction.mayHaveEnded ? this.#union(thread) : effect);
  }

  #answeredWithNothing(thread: string, { open, mayHaveEnded }: TransactionState): CarriedChange | null {
    if (!open) return this.#publish(this.#take(thread));
    return mayHaveEnded ? this.#publish(this.#union(thread)) : null;
  }

  lost(thread: string, effect: ChangeSet): string | null {
    const change = uniteChanges(this.#take(thread), effect);
    if (isEmptyChange(change)) return null;
    this.#lostCount += 1;
    const id = `${thread}/${this.#lostCount}`;
    this.#publisher.openDoubt(id, change);
    this.#settleInFlight(thread);
    return id;
  }

  gone(doubtId: string): number {
    return this.#publisher.settleDoubt(doubtId);
  }

  #settleInFlight(thread: string, change?: ChangeSet): void {
    if (this.#inFlight.delete(thread)) this.#publisher.settleDoubt(inFlightDoubt(thread), change);
  }

  #remember(thread: string, effect: ChangeSet): void {
    const known = this.#unions.get(thread);
    if (known === undefined && this.#unions.size >= this.#options.transactionMax) {
      this.#hasForgotten = true;
      return;
    }
    const union = uniteChanges(known ?? NO_CHANGE, effect);
    if (!isEmptyChange(union)) this.#unions.set(thread, coarsen(union, this.#namesMax));
  }

  #take(thread: string): ChangeSet {
    const union = this.#union(thread);
    this.#unions.delete(thread);
    return union;
  }

  #union(thread: string): ChangeSet {
    return this.#unions.get(thread) ?? (this.#hasForgotten ? EVERYTHING : NO_CHANGE);
  }

  #publish(change: ChangeSet): CarriedChange | null {
    const { epoch, seq } = this.#publisher.position();
    const published = this.#publisher.publish(change);
    return published === seq ? null : { epoch, seq: published, change };
  }
}

function inFlightDoubt(thread: string): string {
  return `${thread}/running`;
}
