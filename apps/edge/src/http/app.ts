import { RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { Hono } from "hono";
import type { Endpoints } from "./endpoints.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { ANSWERED, type DoorApp } from "./serve-hono.ts";

const SERVICE = "/psdb.v1alpha1.Database";
const GREETING =
  "Rockpool edge. Clients speak psdb.v1alpha1 here, PolyScale's at /sql and TiDB Cloud's at /v1beta/sql.\n";

/** Everything but Execute: the other endpoints, a word for a curious browser, and refusals for all else. */
export function createApp({ intake, psdb, polyscale, tidb }: Endpoints): DoorApp {
  const app: DoorApp = new Hono();
  const route = (path: string, handle: (exchange: HttpExchange) => void): void => {
    app.all(path, (context) => {
      handle(context.env.exchange);
      return ANSWERED;
    });
  };
  route(`${SERVICE}/CreateSession`, (exchange) => psdb.createSession(exchange));
  route(`${SERVICE}/CloseSession`, (exchange) => psdb.closeSession(exchange));
  // Connect's answer to a method that its service does not have is the same as to one that is not built.
  route(`${SERVICE}/*`, (exchange) => psdb.unimplemented(exchange));
  route("/sql", (exchange) => polyscale.handle(exchange));
  route("/v1beta/sql", (exchange) => tidb.handle(exchange));
  app.get("/", (context) => {
    intake.greet(context.env.exchange, GREETING);
    return ANSWERED;
  });
  app.notFound((context) => {
    intake.reject(context.env.exchange, encodeHttpErrorBody, new RockpoolError("not-found"));
    return ANSWERED;
  });
  app.onError((_error, context) => {
    intake.reject(context.env.exchange, encodeHttpErrorBody, new RockpoolError("internal"));
    return ANSWERED;
  });
  return app;
}
