import { KIB, MIB } from "@rockpool/base";
import { z } from "zod";
import {
  certificateFile,
  durationMs,
  integer,
  keyFile,
  listener,
  logSection,
  networks,
  port,
  reloadable,
  sharedSecret,
  shutdownSection,
  tracingSection,
} from "./fields.ts";

const GIB = 1024 * MIB;

/** Everything an edge can be told. */
export const EDGE_SCHEMA = z.strictObject({
  listen: z
    .strictObject({
      http: listener(
        { host: "127.0.0.1", port: 8080 },
        "the HTTP door for clients (cleartext: HTTP/1.1 and h2c)",
      ),
      https: z
        .strictObject({
          host: z
            .string()
            .min(1)
            .default("127.0.0.1")
            .describe("Address on which the TLS door for clients listens; 0.0.0.0 = every interface."),
          port: port(8443, "Port on which the TLS door for clients listens (HTTP/2 and HTTP/1.1 by ALPN)."),
          certFile: certificateFile("PEM file with the certificate chain; read again when it changes."),
          keyFile: keyFile("PEM file with its private key; read again when it changes."),
        })
        .optional(),
      reusePort: z
        .boolean()
        .default(false)
        .describe(
          "Share the client ports with other processes, so that a new edge can start before the old one stops; it opens them when the origin has told it the logins.",
        ),
      admin: listener({ host: "127.0.0.1", port: 9090 }, "the admin door (/livez, /readyz, /metrics)"),
    })
    .prefault({}),
  origin: z.strictObject({
    url: z
      .string()
      .regex(
        /^https?:\/\/(\[[0-9a-fA-F:]+\]|[^/?#@:\s[\]]+):\d{1,5}$/,
        "must look like https://host:port or http://host:port, without a path",
      )
      .describe(
        "Address of the origin's backhaul listener, as https://host:port, or http://host:port in a private network.",
      ),
    sharedSecret: sharedSecret(),
    tls: z
      .strictObject({
        caFile: certificateFile(
          "PEM file of the authority to trust instead of the system's list.",
        ).optional(),
        certFile: certificateFile(
          "PEM file with this edge's own certificate, for an origin with clientCaFile.",
        ).optional(),
        keyFile: keyFile("PEM file with the private key of certFile.").optional(),
        serverName: z
          .string()
          .min(1)
          .optional()
          .describe("Name that the origin's certificate must carry; default: the host of origin.url."),
      })
      .prefault({}),
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
      boundMs: reloadable(
        durationMs(1000, 0, "How far behind the database a hit may be; 0 = ask the origin every time."),
      ),
      maxAgeMs: reloadable(
        durationMs(60_000, 0, "Age at which an answer is dropped even if nothing changed."),
      ),
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
    .prefault({})
    .meta({ reload: true }),
  access: z
    .strictObject({
      allow: networks("Client networks that may connect; empty = all."),
      block: networks("Client networks that may not connect, even when allowed."),
      trustedProxies: networks(
        "Proxies whose X-Forwarded-For names the client; of others the header is ignored.",
      ),
      failuresMax: integer(
        20,
        1,
        1_000_000,
        "Wrong passwords from one address, or for one name, within failureWindowMs; the next one is refused unread.",
      ),
      failureWindowMs: durationMs(60_000, 1000, "Time over which wrong passwords are counted."),
    })
    .prefault({})
    .meta({ reload: true }),
  tracing: tracingSection(),
  shutdown: shutdownSection(),
  log: logSection(),
});
