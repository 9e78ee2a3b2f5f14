import { KIB, MIB } from "@rockpool/base";
import { z } from "zod";
import { durationMs, integer, listener, logSection, sharedSecret } from "./fields.ts";

const GIB = 1024 * MIB;

/** Everything an edge can be told. */
export const EDGE_SCHEMA = z.strictObject({
  listen: z
    .strictObject({
      http: listener({ host: "127.0.0.1", port: 8080 }, "the HTTP door for clients"),
      admin: listener({ host: "127.0.0.1", port: 9090 }, "the admin door (/livez, /readyz, /metrics)"),
    })
    .prefault({}),
  origin: z.strictObject({
    url: z
      .string()
      .regex(
        /^http:\/\/(\[[0-9a-fA-F:]+\]|[^/?#@:\s[\]]+):\d{1,5}$/,
        "must look like http://host:port, without a path",
      )
      .describe("Address of the origin's backhaul listener, as http://host:port."),
    sharedSecret: sharedSecret(),
  }),
  cache: z
    .strictObject({
      sizeMaxBytes: integer(
        256 * MIB,
        0,
        1024 * GIB,
        "Memory for cached answers with their indexes; 0 = keep nothing.",
      ),
      entrySizeMaxBytes: integer(
        MIB,
        KIB,
        64 * MIB,
        "Largest answer that is kept; larger ones stream past the cache.",
      ),
      entryMax: integer(1_000_000, 1, 16_000_000, "Most answers that are kept, whatever their size."),
    })
    .prefault({}),
  freshness: z
    .strictObject({
      boundMs: durationMs(
        1000,
        0,
        "How far behind the database a hit may be; 0 = ask the origin every time.",
      ),
      maxAgeMs: durationMs(60_000, 0, "Age at which an answer is dropped even if nothing changed."),
      heartbeatIntervalMs: durationMs(
        250,
        10,
        "Time between two questions to the origin about how fresh this edge is.",
      ),
    })
    .prefault({}),
  limits: z
    .strictObject({
      statementMaxBytes: integer(16 * MIB, KIB, 64 * MIB, "Longest statement accepted."),
      concurrentStatementsMax: integer(
        10_000,
        1,
        1_000_000,
        "Statements in progress at once; the next one is refused with error 1040.",
      ),
      requestTimeoutMs: durationMs(60_000, 100, "Time a statement may take from its arrival to its answer."),
      connectionsMax: integer(10_000, 1, 1_000_000, "Client connections at once; the next one is closed."),
      headersTimeoutMs: durationMs(10_000, 100, "Time a client may take to send a request's headers."),
      keepAliveTimeoutMs: durationMs(65_000, 0, "Time an idle client connection is kept open; 0 = for ever."),
    })
    .prefault({}),
  log: logSection(),
});
