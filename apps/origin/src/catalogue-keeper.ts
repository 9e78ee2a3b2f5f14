import { RockpoolError, type Timers } from "@rockpool/base";
import {
  type Analyser,
  buildCatalogue,
  type CatalogueData,
  type CatalogueRows,
  createCatalogue,
} from "@rockpool/sql";
import type { Logger } from "@rockpool/telemetry";

/** Options of the keeper. */
export interface CatalogueKeeperOptions {
  readonly analyser: Analyser;
  /** Reads the rows of all catalogue queries from the database. */
  readonly load: () => Promise<CatalogueRows>;
  /** The published position now: the stamp of a load that begins now (R11). */
  readonly position: () => number;
  /** A catalogue is there, or (null) none can be had. */
  readonly onLoaded: (seq: number, data: CatalogueData | null) => void;
  readonly timers: Timers;
  readonly log: Logger;
  /** In ttl mode definitions changed behind our back must show within this time (R11). */
  readonly reloadIntervalMs: number;
  /** Between two attempts after a failure. */
  readonly retryIntervalMs: number;
}

/** Keeps the origin's view of the definitions: one load at a time, and another after it when one was asked for meanwhile. */
export class CatalogueKeeper {
  readonly #options: CatalogueKeeperOptions;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #loadedText = "";
  #seq = 0;
  #isLoaded = false;
  #stopped = false;
  #retryScheduled = false;
  /** Rises with each reset: what was begun before it is void. */
  #generation = 0;
  #loadCount = 0;
  /** Why the last load failed, once that is in the log; null = it did not. */
  #failure: string | null = null;

  constructor(options: CatalogueKeeperOptions) {
    this.#options = options;
  }

  /** Position of the catalogue in use. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether a catalogue is in use. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Loads so far. */
  get loadCount(): number {
    return this.#loadCount;
  }

  /** Loads now and again every interval, until stopped. */
  start(): void {
    if (this.#stopped) return;
    void this.reload().then(() => {
      const { timers, reloadIntervalMs, retryIntervalMs } = this.#options;
      timers.after(Math.max(reloadIntervalMs, retryIntervalMs), () => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Forgets everything, a load under way included: another server answers, and positions begin anew. */
  reset(): void {
    this.#generation += 1;
    this.#seq = 0;
    this.#forget();
  }

  /** Resolves when a load that began after this call has ended, well or not. */
  reload(): Promise<void> {
    if (this.#running === null) {
      this.#running = this.#load().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.reload();
    });
    return this.#next;
  }

  async #load(): Promise<void> {
    const { analyser, load, position, onLoaded, log } = this.#options;
    const seq = position();
    const generation = this.#generation;
    try {
      const data = buildCatalogue(await load());
      if (generation !== this.#generation) return;
      this.#loadCount += 1;
      this.#seq = seq;
      this.#isLoaded = true;
      const text = JSON.stringify(data);
      // The same definitions: plans stay, only the position moves on.
      if (text !== this.#loadedText) {
        analyser.setCatalogue(createCatalogue(data));
        if (data.blindSchemas !== undefined && data.blindSchemas.length > 0) {
          log.warn("database.user lacks TRIGGER on schemas: a write to any table there empties the cache", {
            schemas: data.blindSchemas,
          });
        }
      }
      this.#loadedText = text;
      if (this.#failure !== null) log.info("the catalogue is loaded again");
      this.#failure = null;
      onLoaded(seq, data);
    } catch (error) {
      if (generation !== this.#generation) return;
      if (!this.#stopped) this.#complain(error); // an origin that stops has no connections left for this
      this.#forget();
      onLoaded(seq, null);
      this.#retryLater();
    }
  }

  /** Once for each reason: an attempt follows every half second. A database that is away is no bug, so it gets no stack. */
  #complain(error: unknown): void {
    const reason = error instanceof RockpoolError ? error.code : "internal";
    if (reason === this.#failure) return;
    this.#failure = reason;
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#options.log.warn("the catalogue could not be loaded", {
      reason,
      ...(reason === "internal" ? { error: cause } : {}),
    });
  }

  #retryLater(): void {
    if (this.#retryScheduled) return;
    this.#retryScheduled = true;
    this.#options.timers.after(this.#options.retryIntervalMs, () => {
      this.#retryScheduled = false;
      if (!this.#stopped && !this.#isLoaded) void this.reload();
    });
  }

  #forget(): void {
    this.#isLoaded = false;
    this.#loadedText = "";
    this.#options.analyser.setCatalogue(null);
  }
}
