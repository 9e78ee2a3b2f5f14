import { FeedClient, StatementClient } from "@rockpool/backhaul";
import type { Failure, FeedLogin, Finish, StatementRequest } from "@rockpool/protocol/backhaul";
import { BACKHAUL_VERSION } from "@rockpool/protocol/backhaul";

/** What the origin answered: the last word, and the database's error before it. */
export interface BareAnswer {
  readonly failure: Failure | null;
  readonly finish: Finish | null;
  /** The database's error number; 0 = none. */
  readonly errno: number;
}

/** An edge without any rules of its own, as a thief of the shared secret would have it. */
export interface BareEdge {
  /** The newest list of logins that the feed told. */
  readonly logins: readonly FeedLogin[];
  run(login: string, sql: string, changes?: Partial<StatementRequest>): Promise<BareAnswer>;
  close(): void;
}

const LINK = { connectTimeoutMs: 3_000, pingIntervalMs: 1_000, pingTimeoutMs: 3_000 };
const DEADLINE_MS = 20_000;

/** Connects to an origin; resolves when the feed has told its logins and its clock. */
export async function openBareEdge(url: string, sharedSecret: string): Promise<BareEdge> {
  const random = { next: () => 0.5 };
  const link = { ...LINK, url, sharedSecret, random };
  const heard = { instance: "", originNow: Number.NaN, at: 0, logins: null as readonly FeedLogin[] | null };
  const clock = { now: () => performance.now(), wallMs: () => Date.now() };
  const feed = await new Promise<FeedClient>((resolve) => {
    const client: FeedClient = new FeedClient(
      { ...link, clock, heartbeatIntervalMs: 50, silenceMaxMs: 5_000 },
      {
        hello: () => ({ version: BACKHAUL_VERSION, epoch: null, applied: 0 }),
        onMessage(message) {
          if (message.kind === "welcome") heard.instance = message.instance;
          if (message.kind === "logins") heard.logins = message.logins;
        },
        onPong(pong, _askedAt, arrivedAt) {
          heard.originNow = pong.originNow;
          heard.at = arrivedAt;
          if (heard.logins !== null) resolve(client);
        },
        onLost: () => {},
        onUnreachable: () => {},
      },
    );
  });
  const statements = new StatementClient({ ...link, linkCount: 1, waitersMax: 10 });
  return {
    get logins() {
      return heard.logins ?? [];
    },
    run(login, sql, changes = {}) {
      const request: StatementRequest = {
        requestId: "bare",
        trace: null,
        instance: heard.instance,
        deadlineMs: heard.originNow + (performance.now() - heard.at) + DEADLINE_MS,
        login,
        schema: null,
        pin: null,
        autocommit: true,
        lastInsertId: 0n,
        variables: [],
        endsSession: false,
        sql: Buffer.from(sql),
        ...changes,
      };
      return send(statements, request);
    },
    close() {
      feed.close();
      statements.destroy();
    },
  };
}

function send(statements: StatementClient, request: StatementRequest): Promise<BareAnswer> {
  return new Promise((resolve, reject) => {
    let errno = 0;
    const handlers = {
      onMessage(message: Parameters<Parameters<StatementClient["execute"]>[1]["onMessage"]>[0]) {
        if (message.kind === "database-error") errno = message.error.errno;
        if (message.kind === "failure") resolve({ failure: message.failure, finish: null, errno });
        if (message.kind === "finish") resolve({ failure: null, finish: message.finish, errno });
      },
      onLost: (_harmless: boolean, cause: Error) => reject(cause),
    };
    statements.execute(request, handlers, DEADLINE_MS);
  });
}
