import type { ChangeSet } from "@rockpool/base";
import {
  type CarriedChange,
  createPublisher,
  createTtlChangeSource,
  type FeedItem,
  type Publisher,
  type TransactionState,
  type TtlChangeSource,
} from "@rockpool/freshness";

/**
 * Where changes come from: the writes this origin sees (`ttl`), or the database's log (`log`; its follower implements
 * this port too). Whatever the source, when `answered` resolves the change has been published, so the answer may go.
 */
export interface ChangeSource {
  readonly consistency: "ttl" | "log";
  /** The published position, the ring and the doubts of the present epoch. */
  readonly publisher: Publisher;
  /** A statement that is not proven pure is about to be sent on `thread`; `answered` or `lost` follows. */
  starting(thread: string, effect: ChangeSet): void;
  /** It has been running for long: its answer may be stuck while its effect is there. */
  overdue(thread: string, effect: ChangeSet): void;
  /** A statement that is not proven pure has been answered on `thread`. Null = it altered nothing. */
  answered(thread: string, effect: ChangeSet, state: TransactionState): Promise<CarriedChange | null>;
  /** The connection broke under a statement of this effect: all at stake is in doubt until `gone` resolves (R14). */
  lost(thread: string, effect: ChangeSet, gone: Promise<void>): void;
  /** Age in ms of the visible sample behind what is published now (R2). */
  sampleAgeMs(): number;
  /** Another server answers, or the same one after a restart (R9): a new epoch begins. */
  startEpoch(): void;
}

/** Options of `createTtlSource`. */
export interface TtlSourceOptions {
  readonly createEpoch: () => string;
  /** Feed items kept for edges that come back. */
  readonly ringMax: number;
  readonly transactionMax: number;
  /** Each published item, in order, before the publishing call returns. */
  readonly onItem: (item: FeedItem) => void;
}

/**
 * The writes this origin sees (R14), table-level. All that is published here was acknowledged by the database first,
 * so the visible sample is always the present.
 */
export function createTtlSource(options: TtlSourceOptions): ChangeSource {
  return new TtlSource(options);
}

class TtlSource implements ChangeSource {
  readonly consistency = "ttl";
  readonly #options: TtlSourceOptions;
  #publisher: Publisher;
  #source: TtlChangeSource;

  constructor(options: TtlSourceOptions) {
    this.#options = options;
    this.#publisher = this.#createPublisher();
    this.#source = createTtlChangeSource(this.#publisher, options);
  }

  get publisher(): Publisher {
    return this.#publisher;
  }

  starting(thread: string, effect: ChangeSet): void {
    this.#source.starting(thread, effect);
  }

  overdue(thread: string, effect: ChangeSet): void {
    this.#source.overdue(thread, effect);
  }

  answered(thread: string, effect: ChangeSet, state: TransactionState): Promise<CarriedChange | null> {
    return Promise.resolve(this.#source.answered(thread, effect, state));
  }

  lost(thread: string, effect: ChangeSet, gone: Promise<void>): void {
    const source = this.#source;
    const doubt = source.lost(thread, effect);
    // Settled where it was opened: a later epoch has made every edge drop all it had.
    if (doubt !== null) void gone.then(() => source.gone(doubt));
  }

  sampleAgeMs(): number {
    return 0;
  }

  startEpoch(): void {
    this.#publisher = this.#createPublisher();
    this.#source = createTtlChangeSource(this.#publisher, this.#options);
  }

  #createPublisher(): Publisher {
    const { createEpoch, ringMax, onItem } = this.#options;
    const publisher: Publisher = createPublisher({
      epoch: createEpoch(),
      ringMax,
      // A doubt of an epoch that is over settles into nothing that anybody hears.
      onItem: (item) => {
        if (publisher === this.#publisher) onItem(item);
      },
    });
    return publisher;
  }
}
