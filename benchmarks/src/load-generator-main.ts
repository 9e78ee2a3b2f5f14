import { quantile } from "../report/report.ts";
import { ID_PLACE, type LoadMessage, type LoadOrder, type LoadResult } from "./child-messages.ts";
import { H2Lane } from "./h2-lane.ts";
import { HttpLane } from "./http-lane.ts";

// Closed loop: each connection sends its next request as soon as it has the answer to the last one; or paced. A process
// of its own that lives for a whole benchmark, so that every server meets the same warm generator.

/** Latencies kept for the quantiles; later ones are counted only. */
const SAMPLES_MAX = 1 << 20;

type Phase = "warmup" | "measuring" | "over";

process.on("message", (order: LoadOrder) => {
  runLoad(order, () => say({ kind: "measuring" })).then(
    (result) => say({ kind: "measured", ...result }),
    (error: unknown) => {
      process.stderr.write(`load generator: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));

function say(message: LoadMessage): void {
  process.send?.(message);
}

function runLoad(order: LoadOrder, onMeasuring: () => void): Promise<LoadResult> {
  const samples = new Float64Array(SAMPLES_MAX);
  const lanes: (() => void)[] = [];
  let phase: Phase = "warmup";
  let requestCount = 0;
  let failureCount = 0;
  let firstFailure: string | null = null;
  const fail = (what: string): void => {
    failureCount += 1;
    firstFailure ??= what;
  };
  const onAnswer = (failure: string | null, sentAt: number): void => {
    if (failure !== null) fail(failure);
    if (phase !== "measuring") return;
    if (requestCount < SAMPLES_MAX) samples[requestCount] = performance.now() - sentAt;
    requestCount += 1;
  };
  const pacer = order.ratePerSecond === null ? null : new Pacer(order.ratePerSecond);
  const again = (send: () => void): void => (pacer === null ? send() : pacer.add(send));
  for (let index = 0; index < order.connectionCount; index += 1) {
    lanes.push(openLane(order, { onAnswer, again, fail, isOver: () => phase === "over" }));
  }
  return new Promise((resolve) => {
    setTimeout(() => {
      phase = "measuring";
      const startedAt = performance.now();
      onMeasuring();
      setTimeout(() => {
        phase = "over";
        const seconds = (performance.now() - startedAt) / 1000;
        const sorted = samples.subarray(0, Math.min(requestCount, SAMPLES_MAX)).toSorted();
        const [p50Ms, p99Ms] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
        resolve({ requestCount, seconds, failureCount, firstFailure, p50Ms, p99Ms });
        pacer?.stop();
        for (const close of lanes) close();
      }, order.durationMs);
    }, order.warmupMs);
  });
}

/** Lets so many requests go a second; those that wait for a free connection are made up for. */
class Pacer {
  readonly #free: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #perMs: number;
  #at = performance.now();
  #due = 0;

  constructor(perSecond: number) {
    this.#perMs = perSecond / 1000;
    this.#timer = setInterval(() => this.#tick(), 1);
  }

  /** `send` is a connection's next request. */
  add(send: () => void): void {
    this.#free.push(send);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.#due += (now - this.#at) * this.#perMs;
    this.#at = now;
    const count = Math.min(Math.floor(this.#due), this.#free.length);
    this.#due -= count;
    for (const send of this.#free.splice(0, count)) send();
  }
}

/** What a connection tells, and asks. */
interface LaneOwner {
  readonly onAnswer: (failure: string | null, sentAt: number) => void;
  /** May send its next request, now or when it is its turn. */
  readonly again: (send: () => void) => void;
  readonly fail: (what: string) => void;
  readonly isOver: () => boolean;
}

/** One connection that always has its requests; returns what closes it. */
function openLane(order: LoadOrder, { onAnswer, again, fail, isOver }: LaneOwner): () => void {
  const { host, port, transport, request } = order;
  const target = { host, port, isSecure: transport === "https" || transport === "h2" };
  const onLost = ({ message }: Error): void => fail(message);
  if (typeof request === "string") {
    const next = createRequests(request, order.idCount);
    let sentAt = performance.now();
    const lane = new HttpLane({
      ...target,
      onLost,
      onAnswer({ status, head }) {
        if (isOver()) return;
        onAnswer(status === 200 && head.includes(order.expectedHead) ? null : head, sentAt);
        again(sendNext);
      },
    });
    const sendNext = (): void => {
      sentAt = performance.now();
      lane.send(next());
    };
    sendNext();
    return () => lane.close();
  }
  const [block, body] = [Buffer.from(request.headerBlock, "latin1"), Buffer.from(request.body, "latin1")];
  // Streams are answered in their order as far as it matters for a latency: the oldest first.
  const sentAt: number[] = [];
  const lane = new H2Lane({
    ...target,
    onLost,
    onAnswer({ isOk }) {
      if (isOver()) return;
      onAnswer(isOk ? null : "a status that is not 200", sentAt.shift() ?? Number.NaN);
      again(send);
    },
  });
  const send = (): void => {
    sentAt.push(performance.now());
    lane.send(block, body);
  };
  for (let index = 0; index < order.streamCount; index += 1) send();
  return () => lane.close();
}

/** What makes each next request: the same one, or one for an id picked at random (Lehmer's generator: the same each time). */
function createRequests(request: string, idCount: number | null): () => Buffer {
  const bytes = Buffer.from(request, "latin1");
  if (idCount === null) return () => bytes;
  const at = bytes.indexOf(ID_PLACE);
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    const id = 1 + (state % idCount);
    // The socket may still hold the last one.
    const next = Buffer.from(bytes);
    next.write(String(id).padStart(ID_PLACE.length, "0"), at, "latin1");
    return next;
  };
}
