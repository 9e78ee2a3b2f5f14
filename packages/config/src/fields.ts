import { z } from "zod";
import { parseNetwork } from "./parse-network.ts";
import { parsePasswordHash } from "./password-hash-text.ts";

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

/** The schema with the mark that a change of it, or of anything below it, is applied without a restart. */
export function reloadable<T extends z.ZodType>(schema: T): T {
  return schema.meta({ reload: true });
}

/** The schema with the mark that its value is a secret. */
export function secret<T extends z.ZodType>(schema: T): T {
  return schema.meta({ secret: true });
}

/** A PEM file with a private key. */
export function keyFile(meaning: string): z.ZodString {
  return z.string().min(1).describe(meaning).meta({ file: "key" });
}

/** A PEM file with certificates. */
export function certificateFile(meaning: string): z.ZodString {
  return z.string().min(1).describe(meaning).meta({ file: "certificate" });
}

/** Addresses and networks such as `10.0.0.0/8`, `192.0.2.7` or `2001:db8::/32`. */
export function networks(meaning: string) {
  const network = z
    .string()
    .refine((text) => parseNetwork(text) !== null, "must be an address or a network such as 10.0.0.0/8");
  return z.array(network).max(NETWORKS_MAX).default([]).describe(meaning);
}

/** A password's hash in its text form. */
export function passwordHash(meaning: string) {
  const isHash = (text: string): boolean => parsePasswordHash(text) !== null;
  const schema = z
    .string()
    .refine(isHash, "must be a hash as `rockpool login hash` prints it, with ln at most 16 (r=8)");
  return secret(schema.describe(meaning));
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
    .prefault({})
    .meta({ reload: true });
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
  return secret(
    z
      .string()
      .min(SECRET_LENGTH_MIN)
      .describe(
        "Secret that proves an edge to the origin and signs session tokens; the same on every edge and origin.",
      ),
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
    .prefault({})
    .meta({ reload: true });
}
