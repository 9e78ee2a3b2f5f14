import { type ChangeSet, EVERYTHING, NO_CHANGE, uniteChanges } from "@rockpool/base";

/** Changes that answers carried before the feed brought them (R8), kept so that a restart of the feed cannot forget them. */
export interface CarriedAhead {
  note(seq: number, change: ChangeSet): void;
  /** The feed itself has reached `seq`. */
  reached(seq: number): void;
  /** The changes later than `seq`. */
  after(seq: number): Iterable<readonly [seq: number, change: ChangeSet]>;
  clear(): void;
  readonly count: number;
}

/** Creates an empty list. Beyond `max` it becomes one change of everything at the latest position: wider is safe. */
export function createCarriedAhead(max: number): CarriedAhead {
  const changes = new Map<number, ChangeSet>();
  return {
    note(seq, change) {
      changes.set(seq, uniteChanges(changes.get(seq) ?? NO_CHANGE, change));
      if (changes.size <= max) return;
      const latest = Math.max(...changes.keys());
      changes.clear();
      changes.set(latest, EVERYTHING);
    },
    reached(seq) {
      if (changes.size > 0) changes.delete(seq);
    },
    *after(seq) {
      for (const entry of changes) if (entry[0] > seq) yield entry;
    },
    clear() {
      changes.clear();
    },
    get count() {
      return changes.size;
    },
  };
}
