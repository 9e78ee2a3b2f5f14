import type { Socket } from "node:net";

/** How a lane treats bytes. Read anew for every chunk, so a change takes effect at once (call `kick`). */
export interface LanePolicy {
  /** How long a chunk is held after it was read. */
  delayMs(): number;
  /** The most bytes passed on per second; null without a limit. */
  bytesPerSecond(): number | null;
  /** While true no byte moves and the source is not read. */
  isFrozen(): boolean;
  /** The source is paused while more than this is held. */
  queueMaxBytes(): number;
}

interface HeldChunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** Timers fire up to a millisecond late; what is due this soon is passed on now. */
const DUE_SLACK_MS = 0.5;
/** A limited lane passes on this share of a second's bytes at a time. */
const SLICES_PER_SECOND = 50;

/**
 * One direction of a relayed connection: reads `source`, holds each chunk as the policy says, writes `destination` in
 * the same order. The end of the source is a chunk of its own and travels the same way. Both sides push back: a full
 * lane pauses its source, a slow destination stops the lane.
 */
export class ByteLane {
  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #policy: LanePolicy;
  readonly #onBytes: (byteCount: number) => void;
  readonly #queue: HeldChunk[] = [];
  #heldBytes = 0;
  #endDueMs: number | null = null;
  #notBeforeMs = 0;
  #rateFreeAtMs = 0;
  #isBlocked = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(source: Socket, destination: Socket, policy: LanePolicy, onBytes: (byteCount: number) => void) {
    this.#source = source;
    this.#destination = destination;
    this.#policy = policy;
    this.#onBytes = onBytes;
  }

  /** Starts reading. Nothing read before `notBeforeMs` (on `performance.now`'s clock) counts as read any earlier. */
  start(notBeforeMs = 0): void {
    this.#notBeforeMs = notBeforeMs;
    this.#source.on("data", (bytes: Buffer) => this.#hold(bytes));
    this.#source.on("end", () => {
      this.#endDueMs = this.#dueMs();
      this.kick();
    });
    this.#destination.on("drain", () => {
      this.#isBlocked = false;
      this.kick();
    });
    this.kick();
  }

  /** Looks again at the policy and passes on what may go. */
  kick(): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const waitMs = this.#passOn();
    if (waitMs !== null) this.#timer = setTimeout(() => this.kick(), Math.max(1, Math.round(waitMs)));
    this.#steerSource();
  }

  /** Forgets everything held and passes nothing on any more. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#heldBytes = 0;
  }

  #hold(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#queue.push({ bytes, dueMs: this.#dueMs() });
    this.#heldBytes += bytes.length;
    // With a timer running the head of the queue is not due, so neither is this chunk.
    if (this.#timer === null) this.kick();
    else this.#steerSource();
  }

  #dueMs(): number {
    return Math.max(performance.now(), this.#notBeforeMs) + this.#policy.delayMs();
  }

  #steerSource(): void {
    const isFull = this.#heldBytes > this.#policy.queueMaxBytes() || this.#policy.isFrozen();
    if (isFull) this.#source.pause();
    else if (this.#endDueMs === null) this.#source.resume();
  }

  /** Passes on everything that may go now. Returns how long to wait for the rest; null when an event will tell. */
  #passOn(): number | null {
    while (!this.#policy.isFrozen() && !this.#isBlocked) {
      const now = performance.now();
      const head = this.#queue[0];
      const dueMs = Math.max(
        head === undefined ? (this.#endDueMs ?? Infinity) : head.dueMs,
        this.#rateFreeAtMs,
      );
      if (dueMs === Infinity) return null;
      if (dueMs - now > DUE_SLACK_MS) return dueMs - now;
      if (head === undefined) {
        this.#isClosed = true;
        this.#destination.end();
        return null;
      }
      this.#write(head, now);
    }
    return null;
  }

  #write(head: HeldChunk, now: number): void {
    const rate = this.#policy.bytesPerSecond();
    const sliceBytes = rate === null ? head.bytes.length : Math.max(1, Math.floor(rate / SLICES_PER_SECOND));
    const slice = head.bytes.subarray(0, sliceBytes);
    if (slice.length === head.bytes.length) this.#queue.shift();
    else this.#queue[0] = { bytes: head.bytes.subarray(sliceBytes), dueMs: head.dueMs };
    if (rate !== null)
      this.#rateFreeAtMs = Math.max(this.#rateFreeAtMs, now - 1) + (slice.length * 1_000) / rate;
    this.#heldBytes -= slice.length;
    this.#onBytes(slice.length);
    this.#isBlocked = !this.#destination.write(slice);
  }
}
