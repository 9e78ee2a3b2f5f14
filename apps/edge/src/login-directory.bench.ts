/**
 * What a login costs a hit, in nanoseconds: finding it by its header, or by a digest of the header instead; and
 * charging all limits of a login that has them. A hit as a whole costs some 12,000.
 *
 * Run: node apps/edge/src/login-directory.bench.ts
 */
import { createHmac, hash, randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { ALL_RIGHTS } from "@rockpool/base";
import { LoginMeter } from "./access/login-meter.ts";
import { MeteredExchange } from "./access/metered-exchange.ts";
import { LoginDirectory } from "./login-directory.ts";

const ROUNDS = 7;
const CALLS = 300_000;
const LOGIN_COUNT = 1_000;
const NO_LIMITS = {
  connectionsMax: 0,
  concurrentStatementsMax: 0,
  statementsPerSecondMax: 0,
  bytesPerSecondMax: 0,
};

const headers = Array.from(
  { length: LOGIN_COUNT },
  (_, index) => `Basic ${Buffer.from(`login-${index}:a-password-of-thirty-two-letters`).toString("base64")}`,
);
const bytes = headers.map((header) => Buffer.from(header, "latin1"));
const logins = new LoginDirectory({
  clock: { now: () => 0 },
  verify: () => Promise.resolve(true),
  damping: { failuresMax: 1_000, failureWindowMs: 1_000 },
});
const rest = { verifier: "any", schema: null, account: "a", rights: ALL_RIGHTS, networks: [] };
logins.replace(headers.map((_, index) => ({ name: `login-${index}`, ...rest, limits: NO_LIMITS })));
for (const header of headers) await logins.verifyBasic(header, "192.0.2.1");

const digestKey = randomBytes(32);
const hmacOf = (header: string): string => createHmac("sha256", digestKey).update(header).digest("base64");
const bySha256 = new Map(headers.map((header) => [hash("sha256", header, "base64"), header]));
const byHmac = new Map(headers.map((header) => [hmacOf(header), header]));

let at = 0;
/** A new text each time, as every header is that comes from a socket. */
function nextHeader(): string {
  at = (at + 1) % LOGIN_COUNT;
  return bytes[at]?.toString("latin1") ?? "";
}

const meter = new LoginMeter({
  connectionsMax: 10,
  concurrentStatementsMax: 1_000,
  statementsPerSecondMax: 10_000_000,
  bytesPerSecondMax: 2 ** 40,
});
const connection = new EventEmitter();
let now = 0;
let found = 0;
class Sent {
  send(): void {
    found += 1;
  }
  set onClosed(listener: () => void) {
    if (listener.length > 0) found += 1;
  }
}

const text = measure(() => {
  if (nextHeader() === "") found += 1;
});
const costs: readonly (readonly [string, number])[] = [
  ["known(header)", measure(() => count(logins.known(nextHeader()))) - text],
  [
    "a look-up by SHA-256 of the header",
    measure(() => count(bySha256.get(hash("sha256", nextHeader(), "base64")))) - text,
  ],
  ["a look-up by HMAC of the header", measure(() => count(byHmac.get(hmacOf(nextHeader())))) - text],
  ["all limits of a login", measure(useMeter)],
];
for (const [name, nanoseconds] of costs) console.log(`${name}: ${nanoseconds.toFixed(0)} ns`);

function count(value: unknown): void {
  if (value !== null && value !== undefined) found += 1;
}

function useMeter(): void {
  now += 0.01;
  if (!meter.mayUse(connection) || meter.begin(now) > 0) throw new Error("refused");
  meter.charge(100);
  const exchange = new Sent() as unknown as ConstructorParameters<typeof MeteredExchange>[0]; // a hit asks no more of it
  new MeteredExchange(exchange, meter).send(200, [], "answer");
}

/** Nanoseconds a call: the median of some rounds. */
function measure(task: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    for (let call = 0; call < CALLS; call++) task();
    return ((performance.now() - startedAt) * 1e6) / CALLS;
  });
  return times.toSorted((a, b) => a - b)[(ROUNDS - 1) / 2] ?? 0;
}
