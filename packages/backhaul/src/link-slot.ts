import type { Random } from "@rockpool/base";
import { Link, type LinkOptions } from "./link.ts";

const BACKOFF_MIN_MS = 50;
/** Short, because statements wait for the link meanwhile; an attempt that fails costs the origin little. */
const BACKOFF_MAX_MS = 500;
/** A link that lived for so long ends the back-off; one that opens only to be dropped is no success. */
const STABLE_MS = 2_000;

/** What a slot tells its owner. */
export interface LinkSlotEvents {
  /** Whether a link that drains is replaced at once. Otherwise only when its last stream has ended. */
  readonly replacesDraining: boolean;
  onOpen(link: Link): void;
  onClosed(cause: Error): void;
}

/** Keeps one link alive: connects, and reconnects with jittered exponential back-off (50 to 500 ms) until closed. */
export class LinkSlot {
  readonly #options: LinkOptions;
  readonly #random: Random;
  readonly #events: LinkSlotEvents;
  #link: Link | null = null;
  readonly #draining = new Set<Link>();
  #failureCount = 0;
  #timer: NodeJS.Timeout | null = null;
  #stableTimer: NodeJS.Timeout | null = null;
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
    for (const link of this.#draining) link.abort(new Error("closed"));
    this.#link?.abort(new Error("closed"));
  }

  #connect(): void {
    const link = new Link(this.#options, {
      onOpen: () => {
        this.#stableTimer = setTimeout(() => {
          this.#failureCount = 0;
        }, STABLE_MS);
        this.#stableTimer.unref();
        this.#events.onOpen(link);
      },
      onDraining: () => {
        if (!this.#events.replacesDraining || this.#closed) return;
        this.#draining.add(link);
        this.#ended();
      },
      onClosed: (cause) => {
        if (this.#draining.delete(link)) return;
        this.#events.onClosed(cause);
        this.#ended();
      },
    });
    this.#link = link;
  }

  #ended(): void {
    this.#link = null;
    if (this.#stableTimer !== null) clearTimeout(this.#stableTimer);
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#closed) return;
    const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failureCount);
    this.#failureCount = Math.min(this.#failureCount + 1, 10);
    this.#timer = setTimeout(() => this.#connect(), backoffMs * (0.5 + this.#random.next() / 2));
    this.#timer.unref();
  }
}
