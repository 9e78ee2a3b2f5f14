import { z } from "zod";

const PORT_MAX = 65_535;
/** Shorter secrets can be guessed offline from one captured handshake. */
const SECRET_LENGTH_MIN = 32;
/** Node's timers overflow above this and fire at once. */
const DURATION_MAX_MS = 2 ** 31 - 1;
/** Entries of one address list. */
const NETWORKS_MAX = 10_000;

/** A TCP port; 0 lets the system choose. */
export function port(fallback: number, meaning: string): z.ZodDefault<z.ZodNumber> {
  return integer(fallback, 0, PORT_MAX, meaning);
}

/** An integer between `min` and `max`, both allowed. */
export function integer(
  fallback: number,
  min: number,
  max: number,
  meaning: string,
): z.ZodDefault<z.ZodNumber> {
  return z.number().int().min(min).max(max).default(fallback).describe(meaning);
}

/** A duration in whole milliseconds, at least `min`. */
export function durationMs(fallback: number, min: number, meaning: string): z.ZodDefault<z.ZodNumber> {
  return integer(fallback, min, DURATION_MAX_MS, meaning);
}

/** A listening address with a host and a port. */
export function listener(fallback: { host: string; port: number }, what: string) {
  return z
    .strictObject({
      host: z
        .string()
        .min(1)
        .default(fallback.host)
        .describe(`Address on which ${what} listens; 0.0.0.0 = every interface.`),
      port: port(fallback.port, `Port on which ${what} listens; 0 = any free one.`),
    })
    .prefault({});
}

const FILE = z.string().min(1);

/** A PEM file; read at start, and again when it changes. */
export function pemFile(meaning: string): z.ZodString {
  return FILE.describe(meaning);
}

/** Addresses and networks such as `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`. */
export function networks(meaning: string) {
  return z.array(z.string().min(1)).max(NETWORKS_MAX).default([]).describe(meaning);
}

/** The `shutdown` section. */
export function shutdownSection() {
  return z
    .strictObject({
      delayMs: integer(
        0,
        0,
        600_000,
        "Time after SIGTERM during which new clients are still accepted while /readyz says no; for load balancers.",
      ),
      drainMaxMs: integer(20_000, 0, 600_000, "Time that work in progress may take to end after that."),
    })
    .prefault({});
}

/** The `tracing` section. */
export function tracingSection() {
  return z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe("Make OpenTelemetry spans, for an SDK loaded with node --import, and pass traceparent on."),
    })
    .prefault({});
}

/** The secret that edges and origin share. */
export function sharedSecret() {
  return z
    .string()
    .min(SECRET_LENGTH_MIN)
    .describe(
      "Secret that proves an edge to the origin and signs session tokens; the same on every edge and origin.",
    );
}

/** The `log` section. */
export function logSection() {
  return z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("Lowest level that is written to standard error."),
      statements: z
        .enum(["off", "template"])
        .default("off")
        .describe(
          "template = log each statement's text with every literal replaced by ?; never the text itself.",
        ),
    })
    .prefault({});
}
