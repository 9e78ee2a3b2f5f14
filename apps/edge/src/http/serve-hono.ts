import type { Hono } from "hono";
import type { HeaderList, HttpExchange } from "./http-exchange.ts";

/** What a route finds in `context.env`. */
export interface DoorEnv {
  /** The request itself: its body is only here (`readBody`), and a route may answer through it. */
  readonly exchange: HttpExchange;
}

/** The app of the door. */
export type DoorApp = Hono<{ Bindings: DoorEnv }>;

/** What a route returns that answers, now or later, through `context.env.exchange` itself. */
export const ANSWERED = new Response(null, { status: 204 });

/** Answers with one of our errors. */
export type RefuseExchange = (exchange: HttpExchange, code: "bad-request" | "internal") => void;

/** Serves a Hono app to exchanges of any version of HTTP; `refuse` answers those that it cannot have. The `Request` that routes see has no body. */
export function serveHono(app: DoorApp, refuse: RefuseExchange): (exchange: HttpExchange) => void {
  return (exchange) => {
    answer(app, exchange, refuse).catch(() => refuse(exchange, "internal"));
  };
}

async function answer(app: DoorApp, exchange: HttpExchange, refuse: RefuseExchange): Promise<void> {
  const request = createRequest(exchange);
  if (request === null) return refuse(exchange, "bad-request");
  const response = await app.fetch(request, { exchange });
  if (response === ANSWERED) return;
  const body = new Uint8Array(await response.arrayBuffer());
  if (exchange.hasAnswer) return;
  const headers: HeaderList = [];
  for (const [name, value] of response.headers) if (name !== "content-length") headers.push(name, value);
  exchange.send(response.status, headers, exchange.method === "HEAD" ? "" : body);
}

/** Null for a target or a header that no URL and no `Headers` can hold. */
function createRequest(exchange: HttpExchange): Request | null {
  try {
    const headers = new Headers();
    const list = exchange.headerList();
    for (let at = 0; at + 1 < list.length; at += 2) headers.append(list[at] ?? "", list[at + 1] ?? "");
    return new Request(`http://edge${exchange.target}`, { method: exchange.method, headers });
  } catch {
    return null;
  }
}
