import { RockpoolError } from "@rockpool/base";
import { encodeHttpErrorBody } from "@rockpool/protocol/psdb";
import { Hono } from "hono";
import type { DoorApp } from "./serve-hono.ts";

const UNIMPLEMENTED = ["CreateSession", "CloseSession", "Prepare", "StreamExecute"];

/** Everything but Execute: clear refusals for what psdb clients may try, and a word for a curious browser. */
export function createApp(): DoorApp {
  const app: DoorApp = new Hono();
  const refuse = (code: "not-found" | "unimplemented" | "internal"): Response => {
    const error = new RockpoolError(code);
    return new Response(encodeHttpErrorBody(error), {
      status: error.row.httpStatus,
      headers: { "content-type": "application/json", "rockpool-cache": "bypass; reason=rejected; age=0" },
    });
  };
  for (const method of UNIMPLEMENTED) {
    app.post(`/psdb.v1alpha1.Database/${method}`, () => refuse("unimplemented"));
  }
  app.get("/", (context) => context.text("Rockpool edge. Clients speak psdb.v1alpha1 here.\n"));
  app.notFound(() => refuse("not-found"));
  app.onError(() => refuse("internal"));
  return app;
}
