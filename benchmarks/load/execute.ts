import { check } from "k6";
import http, { type RefinedResponse } from "k6/http";
import type { Options } from "k6/options";

// What both scripts share. They get everything from the environment that run-k6.ts sets; k6 runs TypeScript itself.

/** Statements arrive at a constant rate, however long answers take: a slow server cannot slow its clients down. */
export function createOptions(): Options {
  const rate = Number(__ENV["ROCKPOOL_BENCH_RATE"]);
  return {
    scenarios: {
      load: {
        executor: "constant-arrival-rate",
        rate,
        timeUnit: "1s",
        duration: `${__ENV["ROCKPOOL_BENCH_SECONDS"]}s`,
        // Clients for a stall of 250 ms; more than that is counted as dropped.
        preAllocatedVUs: Math.ceil(rate / 4),
        maxVUs: Math.ceil(rate / 4),
        gracefulStop: "10s",
      },
    },
    thresholds: { dropped_iterations: ["count==0"], checks: ["rate==1"] },
    summaryTrendStats: ["med", "p(99)", "p(99.9)", "max"],
    discardResponseBodies: false,
  };
}

/** Runs one statement outside any session and checks its answer. */
export function execute(sql: string): RefinedResponse<"text"> {
  const response = http.post(
    `${__ENV["ROCKPOOL_BENCH_URL"]}/psdb.v1alpha1.Database/Execute`,
    JSON.stringify({ query: sql, session: null }),
    {
      headers: {
        "content-type": "application/json",
        authorization: __ENV["ROCKPOOL_BENCH_AUTHORIZATION"] ?? "",
      },
      responseType: "text",
    },
  );
  check(response, {
    "status is 200": ({ status }) => status === 200,
    "no error": ({ body }) => body.startsWith('{"result":') && !body.includes('"error":{'),
  });
  return response;
}

/** k6's own figures as JSON on its standard output, instead of its screen. */
export function formatSummary(data: unknown): Record<string, string> {
  return { stdout: `${JSON.stringify(data)}\n` };
}
