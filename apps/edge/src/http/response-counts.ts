import type { MetricsRegistry } from "@rockpool/telemetry";

/** Answers of one route by class of status: plain fields, because hits count too. */
export class ResponseCounts {
  okCount = 0;
  clientErrorCount = 0;
  serverErrorCount = 0;

  /** An answer begins. */
  add(status: number): void {
    if (status < 400) this.okCount += 1;
    else if (status < 500) this.clientErrorCount += 1;
    else this.serverErrorCount += 1;
  }
}

/** Where requests can go; `other` is every path that no client has a reason to ask for. */
const ROUTES = ["execute", "create-session", "close-session", "polyscale", "tidb", "other"] as const;
type Route = (typeof ROUTES)[number];

const ROUTE_OF: ReadonlyMap<string, Route> = new Map([
  ["/psdb.v1alpha1.Database/Execute", "execute"],
  ["/psdb.v1alpha1.Database/CreateSession", "create-session"],
  ["/psdb.v1alpha1.Database/CloseSession", "close-session"],
  ["/sql", "polyscale"],
  ["/v1beta/sql", "tidb"],
]);

/** The answers of all routes. */
export class RouteCounts {
  readonly #byRoute: Readonly<Record<Route, ResponseCounts>> = {
    execute: new ResponseCounts(),
    "create-session": new ResponseCounts(),
    "close-session": new ResponseCounts(),
    polyscale: new ResponseCounts(),
    tidb: new ResponseCounts(),
    other: new ResponseCounts(),
  };

  /** What counts the answers of a path. */
  of(path: string): ResponseCounts {
    return this.#byRoute[ROUTE_OF.get(path) ?? "other"];
  }

  /** Declares the counter of them all. */
  declare(registry: MetricsRegistry): void {
    registry.observedCounter({
      name: "rockpool_edge_http_requests_total",
      help: "Requests that were answered, by endpoint and class of the HTTP status.",
      labels: { route: ROUTES, status: ["2xx", "4xx", "5xx"] },
      read: ({ route, status }) => {
        const counts = this.#byRoute[route];
        return { "2xx": counts.okCount, "4xx": counts.clientErrorCount, "5xx": counts.serverErrorCount }[
          status
        ];
      },
    });
  }
}
