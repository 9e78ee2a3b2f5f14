import type { Random } from "@rockpool/base";
import { Link, type LinkOptions } from "./link.ts";

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 2_000;

/** What a slot tells its owner. */
export interface LinkSlotEvents {
  onOpen(link: Link): void;
  onClosed(cause: Error): void;
}

/** Keeps one link alive: connects, and reconnects with jittered exponential back-off (50 ms to 2 s) until closed. */
export class LinkSlot {
  readonly #options: LinkOptions;
  readonly #random: Random;
  readonly #events: LinkSlotEvents;
  #link: Link | null = null;
  #failureCount = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: LinkOptions, random: Random, events: LinkSlotEvents) {
    this.#options = options;
    this.#random = random;
    this.#events = events;
    this.#connect();
  }

  /** The link when it is open, else null. */
  get open(): Link | null {
    return this.#link?.isOpen === true ? this.#link : null;
  }

  /** Drops the current link at once and connects anew. */
  restart(cause: Error): void {
    this.#link?.abort(cause);
  }

  /** Stops reconnecting and lets streams in flight end. */
  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#link?.drain();
  }

  /** Stops reconnecting and drops everything. */
  destroy(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#link?.abort(new Error("closed"));
  }

  #connect(): void {
    const link = new Link(this.#options, {
      onOpen: () => {
        this.#failureCount = 0;
        this.#events.onOpen(link);
      },
      onClosed: (cause) => {
        this.#link = null;
        this.#events.onClosed(cause);
        this.#reconnectLater();
      },
    });
    this.#link = link;
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failureCount);
    this.#failureCount = Math.min(this.#failureCount + 1, 10);
    this.#timer = setTimeout(() => this.#connect(), backoffMs * (0.5 + this.#random.next() / 2));
    this.#timer.unref();
  }
}
