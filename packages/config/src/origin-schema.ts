import { STATEMENT_RIGHTS } from "@rockpool/base";
import { z } from "zod";
import {
  certificateFile,
  durationMs,
  integer,
  keyFile,
  listener,
  logSection,
  networks,
  passwordHash,
  port,
  secret,
  sharedSecret,
  shutdownSection,
  tracingSection,
} from "./fields.ts";

/** Logins an origin serves at most: every edge holds the whole list in memory. */
const LOGINS_MAX = 10_000;
const NAME_LENGTH_MAX = 256;
/** MySQL's limit for a user name. */
const USER_LENGTH_MAX = 80;

const ACCOUNT = z.strictObject({
  user: z
    .string()
    .min(1)
    .max(USER_LENGTH_MAX)
    .describe("Database account that runs the login's statements; without an account, database.user does."),
  password: secret(z.string().describe("Password of that database account.")),
});

/** Limits of one login at one edge; 0 = none of its own. */
const LOGIN_LIMITS = z.strictObject({
  connectionsMax: integer(
    0,
    0,
    1_000_000,
    "Client connections of this login at once; 0 = no limit of its own.",
  ),
  concurrentStatementsMax: integer(
    0,
    0,
    1_000_000,
    "Statements of this login in progress at once; 0 = no limit of its own.",
  ),
  statementsPerSecondMax: integer(
    0,
    0,
    10_000_000,
    "Statements a second, with a burst of one second's worth; 0 = no limit of its own.",
  ),
  bytesPerSecondMax: integer(
    0,
    0,
    1024 * 1024 * 1024 * 1024,
    "Bytes of requests and answers a second, with a burst of one second's worth; 0 = no limit of its own.",
  ),
});

const LOGIN = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(NAME_LENGTH_MAX)
    .regex(/^[^:]+$/, "must not contain a colon")
    .describe("User name that clients send."),
  password: secret(z.string().min(1).describe("Password that clients send; or passwordHash.")).optional(),
  passwordHash: passwordHash(
    "Its hash instead, as `rockpool login hash` prints it ($scrypt$ln=…,r=…,p=…$salt$hash).",
  ).optional(),
  database: z.string().min(1).describe("Database that the login's statements start in."),
  account: ACCOUNT.optional().describe("Database account used for this login; default: database.user."),
  readOnly: z.boolean().default(false).describe("Refuse everything that is not certainly a read."),
  statements: z
    .array(z.enum(STATEMENT_RIGHTS))
    .min(1)
    .optional()
    .describe(
      "Kinds of statements that are allowed (docs/operations/logins.md says which is which); default: all.",
    ),
  databases: z
    .array(z.string().min(1))
    .min(1)
    .max(1_000)
    .optional()
    .describe("Databases that its statements may name or change to; default: whatever the account may."),
  networks: networks("Client networks from which this login may be used; empty = all."),
  limits: LOGIN_LIMITS.prefault({}),
});

/** Everything an origin can be told. */
export const ORIGIN_SCHEMA = z.strictObject({
  listen: z
    .strictObject({
      backhaul: z
        .strictObject({
          host: z
            .string()
            .min(1)
            .default("127.0.0.1")
            .describe("Address on which the backhaul for edges listens; 0.0.0.0 = every interface."),
          port: port(7070, "Port on which the backhaul for edges listens; 0 = any free one."),
          tls: z
            .strictObject({
              certFile: certificateFile("PEM file with the certificate chain; read again when it changes."),
              keyFile: keyFile("PEM file with its private key; read again when it changes."),
              clientCaFile: certificateFile(
                "PEM file of the authority that must have signed the edges' certificates; without it edges need none.",
              ).optional(),
            })
            .optional(),
        })
        .prefault({}),
      admin: listener({ host: "127.0.0.1", port: 9091 }, "the admin door (/livez, /readyz, /metrics)"),
    })
    .prefault({}),
  sharedSecret: sharedSecret(),
  database: z.strictObject({
    host: z.string().min(1).default("127.0.0.1").describe("Host of the MySQL or MariaDB server."),
    port: port(3306, "Port of the MySQL or MariaDB server."),
    user: z
      .string()
      .min(1)
      .max(USER_LENGTH_MAX)
      .describe("Database account for the catalogue and for logins without one of their own."),
    password: secret(z.string().default("").describe("Password of that account.")),
    database: z.string().min(1).describe("Database that the origin's own connections start in."),
    tls: z
      .strictObject({
        mode: z
          .enum(["off", "require", "verify-full"])
          .default("off")
          .describe(
            "off = plain TCP; require = encrypted, any certificate; verify-full = certificate and host name are checked.",
          ),
        caFile: certificateFile(
          "PEM file of the authority to trust instead of the system's list; needs mode verify-full.",
        ).optional(),
      })
      .prefault({}),
  }),
  pool: z
    .strictObject({
      max: integer(20, 1, 10_000, "Database connections at most."),
      minWarm: integer(2, 0, 10_000, "Idle database connections kept open."),
      pinnedMax: integer(
        16,
        0,
        10_000,
        "Connections that sessions may hold for themselves, as in a transaction.",
      ),
      waitTimeoutMs: durationMs(
        9_500,
        0,
        "Time a statement waits for a connection before error 1040; the answer is to be there within 10 s.",
      ),
      waitersMax: integer(
        10_000,
        0,
        1_000_000,
        "Statements waiting for a connection at once; the next one gets error 1040.",
      ),
      connectTimeoutMs: durationMs(3000, 1, "Time to open a database connection, login included."),
      idleTimeoutMs: durationMs(
        600_000,
        1000,
        "Time after which an idle connection above minWarm is closed.",
      ),
      ageMaxMs: durationMs(1_800_000, 1000, "Age at which a connection is replaced, give or take 10 %."),
    })
    .prefault({}),
  logins: z
    .array(LOGIN)
    .min(1)
    .max(LOGINS_MAX)
    .describe("Who may connect at the edges; in the environment as one JSON array.")
    .meta({ reload: true }),
  session: z
    .strictObject({
      idleTimeoutMs: durationMs(
        10_000,
        100,
        "Idle time after which a session that holds a connection is rolled back and loses it.",
      ),
      transactionMaxMs: durationMs(20_000, 100, "Time a session may hold a connection altogether."),
      queueMax: integer(
        1000,
        1,
        100_000,
        "Statements that may wait in one session; the next one gets error 1040.",
      ),
    })
    .prefault({}),
  statementTimeoutMs: durationMs(
    60_000,
    100,
    "Time a statement may run in the database before it is killed.",
  ),
  freshness: z
    .strictObject({
      consistency: z
        .enum(["ttl"])
        .default("ttl")
        .describe(
          "Where changes are learnt: ttl = from the writes this origin sees, all others show after maxAgeMs.",
        ),
      maxAgeMs: durationMs(
        60_000,
        0,
        "Time after which definitions are read again and foreign writes must be visible.",
      ),
    })
    .prefault({}),
  tracing: tracingSection(),
  shutdown: shutdownSection(),
  log: logSection(),
});
