import { z } from "zod";

const PORT_MAX = 65_535;
/** Shorter secrets can be guessed offline from one captured handshake. */
const SECRET_LENGTH_MIN = 32;
/** Node's timers overflow above this and fire at once. */
const DURATION_MAX_MS = 2 ** 31 - 1;

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
    })
    .prefault({});
}
