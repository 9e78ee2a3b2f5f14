import { RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { createApp } from "./app.ts";
import type { Endpoints } from "./endpoints.ts";
import type { HttpExchange } from "./http-exchange.ts";
import type { RouteCounts } from "./response-counts.ts";
import { serveHono } from "./serve-hono.ts";

/** Takes an exchange over; always answers. */
export type Router = (exchange: HttpExchange) => void;

const EXECUTE_PATH = "/psdb.v1alpha1.Database/Execute";

/** Execute ahead of Hono (bench: benchmarks/src/http-hit.ts), everything else by the app. */
export function createRouter(endpoints: Endpoints, counts: RouteCounts): Router {
  const { psdb, intake } = endpoints;
  const others = serveHono(createApp(endpoints), (exchange, code) =>
    intake.reject(exchange, encodeHttpErrorBody, new RockpoolError(code)),
  );
  const executeCounts = counts.of(EXECUTE_PATH);
  return (exchange) => {
    const { path } = exchange;
    if (path === EXECUTE_PATH) {
      exchange.responses = executeCounts;
      psdb.execute(exchange);
    } else {
      exchange.responses = counts.of(path);
      others(exchange);
    }
  };
}
