import { type ChangeSet, EVERYTHING, isEmptyChange, type Position } from "@rockpool/base";

import type { FeedItem, FeedWelcome, OpenDoubt } from "./feed-item.ts";
import { coarsen } from "./coarsen.ts";

/** How a `Publisher` is bounded. */
export interface PublisherOptions {
  /** Names this life of the origin: a fresh random id after every start, failover or lost log position. */
  readonly epoch: string;
  /** Feed items kept for edges that come back; one that missed more drops everything. */
  readonly ringMax: number;
  /** Row keys in one item; a change with more becomes its tables. Default 1024. */
  readonly changeKeysMax?: number;
  /** Doubts told apart; more put everything in doubt until all of them are settled. Default 128. */
  readonly doubtMax?: number;
  /** Called in feed order with each item, before the publishing call returns. */
  readonly onItem?: (item: FeedItem) => void;
}

/** The origin's side of the feed: gives every change its place in one total order and remembers the last ones. */
export interface Publisher {
  /** The published position: stamp of every read dispatched after it, and bookmark of every write before it. */
  position(): Position;
  /** Publishes a change; its position. A change of nothing takes no place and answers the current position. */
  publish(change: ChangeSet): number;
  /**
   * Publishes that a write's outcome is unknown; the position. An id already open is widened. What merely runs
   * (`isRunning`) has changed no definitions until it is settled: whoever may log in can start it and have it refused.
   */
  openDoubt(id: string, change: ChangeSet, isRunning?: boolean): number;
  /**
   * The outcome is known: what was in doubt is published as changed, or only `change` if that is proven; the position.
   * Beyond the bound of doubts it is always all.
   */
  settleDoubt(id: string, change?: ChangeSet): number;
  /** What came after `after`, oldest first; `reset` when the ring no longer tells (or it is another epoch's position). */
  replay(after: Position | null): readonly FeedItem[] | "reset";
  /** How to start the feed of an edge that has applied `after`, and the items that follow at once. */
  welcome(after: Position | null): { readonly welcome: FeedWelcome; readonly items: readonly FeedItem[] };
  openDoubts(): readonly OpenDoubt[];
  /** A catalogue was loaded; `readAtSeq` is the position read before the loading began (R11). */
  catalogueLoaded(readAtSeq: number): void;
  /**
   * The position that the loaded catalogue is good for: the current one as long as no definition changed since it
   * was read, else that of its loading. `null` before the first one.
   */
  catalogueSeq(): number | null;
  /** Definitions may have changed since the catalogue was read: it must be loaded anew, or nothing can be cached. */
  isCatalogueStale(): boolean;
}

/** Creates a publisher at position 0 of its epoch. */
export function createPublisher(options: PublisherOptions): Publisher {
  return new FeedPublisher(options);
}

const CHANGE_KEYS_MAX = 1024;
const DOUBT_MAX = 128;
/** Stands for all doubts beyond the bound. */
const BEYOND_ID = "*";

class FeedPublisher implements Publisher {
  readonly #options: PublisherOptions;
  /** Circular once full: the item at `seq` sits at `(seq - 1) % ringMax`. */
  readonly #ring: FeedItem[] = [];
  readonly #doubts = new Map<string, ChangeSet>();
  #beyondCount = 0;
  #seq = 0;
  #definitionSeq = 0;
  #catalogueReadAt: number | null = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  position(): Position {
    return { epoch: this.#options.epoch, seq: this.#seq };
  }

  publish(change: ChangeSet): number {
    if (isEmptyChange(change)) return this.#seq;
    const bounded = this.#bound(change);
    this.#noteDefinitions(bounded, this.#seq + 1);
    return this.#append({ kind: "change", seq: this.#seq + 1, change: bounded });
  }

  openDoubt(id: string, change: ChangeSet, isRunning = false): number {
    if (!this.#doubts.has(id) && this.#doubts.size >= (this.#options.doubtMax ?? DOUBT_MAX)) {
      this.#beyondCount += 1;
      if (this.#beyondCount > 1) return this.#seq;
      this.#noteDefinitions(EVERYTHING, this.#seq + 1);
      return this.#append({ kind: "doubt", seq: this.#seq + 1, id: BEYOND_ID, change: EVERYTHING });
    }
    const known = this.#doubts.get(id);
    const bounded = this.#bound(known === undefined ? change : EVERYTHING);
    this.#doubts.set(id, bounded);
    if (!isRunning) this.#noteDefinitions(bounded, this.#seq + 1);
    return this.#append({ kind: "doubt", seq: this.#seq + 1, id, change: bounded });
  }

  settleDoubt(id: string, change?: ChangeSet): number {
    const known = this.#doubts.get(id);
    if (known !== undefined) {
      this.#doubts.delete(id);
      this.#noteDefinitions(change ?? known, this.#seq + 1);
      const only = change === undefined ? {} : { change };
      return this.#append({ kind: "settled", seq: this.#seq + 1, id, ...only });
    }
    if (this.#beyondCount === 0) return this.#seq;
    this.#beyondCount -= 1;
    if (this.#beyondCount > 0) return this.#seq;
    this.#noteDefinitions(EVERYTHING, this.#seq + 1);
    return this.#append({ kind: "settled", seq: this.#seq + 1, id: BEYOND_ID });
  }

  replay(after: Position | null): readonly FeedItem[] | "reset" {
    if (after === null || after.epoch !== this.#options.epoch || after.seq > this.#seq) return "reset";
    const missedCount = this.#seq - after.seq;
    if (missedCount > this.#ring.length) return "reset";
    const items: FeedItem[] = [];
    for (let seq = after.seq + 1; seq <= this.#seq; seq += 1) {
      const item = this.#ring[(seq - 1) % this.#options.ringMax];
      if (item === undefined || item.seq !== seq) return "reset";
      items.push(item);
    }
    return items;
  }

  welcome(after: Position | null): { readonly welcome: FeedWelcome; readonly items: readonly FeedItem[] } {
    const items = this.replay(after);
    const { epoch } = this.#options;
    if (items === "reset" || after === null) {
      return { welcome: { epoch, seq: this.#seq, resumed: false, doubts: this.openDoubts() }, items: [] };
    }
    return { welcome: { epoch, seq: after.seq, resumed: true }, items };
  }

  openDoubts(): readonly OpenDoubt[] {
    const doubts = Array.from(this.#doubts, ([id, change]) => ({ id, change }));
    return this.#beyondCount > 0 ? [...doubts, { id: BEYOND_ID, change: EVERYTHING }] : doubts;
  }

  catalogueLoaded(readAtSeq: number): void {
    if (this.#catalogueReadAt === null || readAtSeq > this.#catalogueReadAt)
      this.#catalogueReadAt = readAtSeq;
  }

  catalogueSeq(): number | null {
    return this.#catalogueReadAt === null || this.isCatalogueStale() ? this.#catalogueReadAt : this.#seq;
  }

  isCatalogueStale(): boolean {
    return this.#catalogueReadAt === null || this.#definitionSeq > this.#catalogueReadAt;
  }

  #bound(change: ChangeSet): ChangeSet {
    return coarsen(change, this.#options.changeKeysMax ?? CHANGE_KEYS_MAX);
  }

  #noteDefinitions(change: ChangeSet, seq: number): void {
    if (change.everything || change.schemas.length > 0) this.#definitionSeq = seq;
  }

  #append(item: FeedItem): number {
    this.#seq = item.seq;
    this.#ring[(item.seq - 1) % this.#options.ringMax] = item;
    this.#options.onItem?.(item);
    return item.seq;
  }
}
