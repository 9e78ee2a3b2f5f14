import { createApp } from "./app.ts";
import type { ExecuteHandler } from "./execute-handler.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { serveHono } from "./serve-hono.ts";

/** Takes an exchange over; always answers. */
export type Router = (exchange: HttpExchange) => void;

const EXECUTE_PATH = "/psdb.v1alpha1.Database/Execute";

/** Execute ahead of Hono (bench: benchmarks/src/http-hit.ts), everything else by the app. */
export function createRouter(execute: ExecuteHandler): Router {
  const others = serveHono(createApp());
  return (exchange) => {
    if (exchange.path === EXECUTE_PATH) execute.handle(exchange);
    else others(exchange);
  };
}
