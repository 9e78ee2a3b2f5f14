/**
 * Loaded ahead of a client program (`node --import`): puts the matrix cell's transport under the global `fetch`, which
 * every client in this folder uses by default, and remembers what the edge's headers said.
 */
import { TRANSPORTS, type Transport } from "./transports.ts";

/** Node 26 and later offer h2 by themselves; older ones only through the undici package. */
const FIRST_NODE_WITH_H2 = 26;

let lastStatus = "";
let requestCount = 0;

/** The `rockpool-cache` header of the latest answer. */
export function cacheStatus(): string {
  return lastStatus;
}

/** Requests sent so far. */
export function countRequests(): number {
  return requestCount;
}

const underlying = await openFetch(readTransport());

globalThis.fetch = async (input, init) => {
  requestCount += 1;
  const response = await underlying(input, init);
  lastStatus = response.headers.get("rockpool-cache") ?? "";
  return response;
};

function readTransport(): Transport {
  const name = process.env["CLIENT_TRANSPORT"];
  const known = TRANSPORTS.find((transport) => transport === name);
  if (known === undefined) throw new Error(`CLIENT_TRANSPORT=${name}`);
  return known;
}

async function openFetch(transport: Transport): Promise<typeof fetch> {
  const isOld = Number.parseInt(process.versions.node, 10) < FIRST_NODE_WITH_H2;
  if (transport === "h2c") return fetchThrough({ useH2c: true });
  if (transport === "h2" && isOld) return fetchThrough({ allowH2: true });
  return globalThis.fetch;
}

async function fetchThrough(options: { readonly useH2c: true } | { readonly allowH2: true }) {
  // Only where it is needed: loading the package replaces the dispatcher of Node's own fetch.
  const undici = await import("undici");
  // The package takes `useH2c` and its types lack it.
  const dispatcher = new undici.Agent(options as { allowH2?: boolean });
  // The package's own Request and Response types differ from the built-in ones in details nobody uses here.
  const send = undici.fetch as unknown as (input: unknown, init: unknown) => Promise<Response>;
  return ((input, init) => send(input, { ...init, dispatcher })) as typeof fetch;
}
