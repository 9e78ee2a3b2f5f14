import { quantile } from "../report/report.ts";
import type { LoadMessage, LoadOrder, LoadResult } from "./child-messages.ts";
import { HttpLane, type LaneAnswer } from "./http-lane.ts";

// Closed loop: each connection sends its next request as soon as it has the answer to the last one. A process of its
// own that lives for a whole benchmark, so that every server meets the same warm generator.

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
  const request = Buffer.from(order.request, "latin1");
  const samples = new Float64Array(SAMPLES_MAX);
  const lanes: HttpLane[] = [];
  let phase: Phase = "warmup";
  let requestCount = 0;
  let failureCount = 0;
  let firstFailure: string | null = null;
  const fail = (what: string): void => {
    failureCount += 1;
    firstFailure ??= what;
  };
  const openLane = (): HttpLane => {
    let sentAt = performance.now();
    const onAnswer = (answer: LaneAnswer): void => {
      if (phase === "over") return;
      const now = performance.now();
      if (answer.status !== 200 || !answer.head.includes(order.expectedHead)) fail(answer.head);
      if (phase === "measuring") {
        if (requestCount < SAMPLES_MAX) samples[requestCount] = now - sentAt;
        requestCount += 1;
      }
      sentAt = now;
      lane.send(request);
    };
    const lane = new HttpLane({
      host: order.host,
      port: order.port,
      onAnswer,
      onLost: ({ message }) => fail(message),
    });
    lane.send(request);
    return lane;
  };
  for (let index = 0; index < order.connectionCount; index += 1) lanes.push(openLane());
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
        for (const lane of lanes) lane.close();
      }, order.durationMs);
    }, order.warmupMs);
  });
}
