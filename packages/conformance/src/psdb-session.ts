import { type Answer, type Cell, textRows } from "./answer.ts";

/** Whom a session speaks to, and as whom. */
export interface PsdbTarget {
  /** The edge's base URL. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** One Execute request's whole answer, undecoded parts included. */
export interface PsdbReply {
  readonly httpStatus: number;
  readonly body: string;
  /** The bytes of `result` as they stood in the body; null when there was none. */
  readonly resultText: string | null;
  /** The answer's `rockpool-cache` header. */
  readonly cache: string;
  readonly answer: Answer;
}

/** A psdb client without a library between test and wire: one session, carried as its client would. */
export interface PsdbSession {
  /** The session object to be sent next; null = none yet. A test may take it, or put another one in. */
  token: PsdbToken | null;
  /** Runs a statement; the last answer's session wins. */
  execute(sql: string, signal?: AbortSignal): Promise<PsdbReply>;
  /** Runs what must succeed; throws on an error. */
  run(sql: string): Promise<void>;
  /** Runs it and gives the rows' cells as text; throws when there are none. */
  cells(sql: string): Promise<(string | null)[][]>;
}

/** The `session` object, opaque but for its signature. */
export interface PsdbToken {
  readonly signature: string;
  readonly vitessSession?: unknown;
}

interface WireBody {
  readonly session?: PsdbToken;
  readonly result?: WireResult;
  readonly error?: { readonly code: string; readonly message: string };
}

interface WireResult {
  readonly rowsAffected?: string;
  readonly insertId?: string;
  readonly fields?: readonly { readonly name?: string }[];
  readonly rows?: readonly { readonly lengths?: readonly string[]; readonly values?: string }[];
}

/** Opens a session; nothing is sent before its first statement. */
export function createPsdbSession(target: PsdbTarget): PsdbSession {
  const session: PsdbSession = {
    token: null,
    async execute(sql, signal) {
      const response = await postExecute(target, { query: sql, session: session.token }, signal);
      const body = await response.text();
      const wire = JSON.parse(body) as WireBody; // the edge's own answer
      if (wire.session !== undefined) session.token = wire.session;
      return {
        httpStatus: response.status,
        body,
        resultText: cutResult(body),
        cache: response.headers.get("rockpool-cache") ?? "",
        answer: decodeAnswer(wire),
      };
    },
    async run(sql) {
      const { answer } = await session.execute(sql);
      if (answer.kind === "error") throw new Error(`${sql}: ${answer.message}`);
    },
    async cells(sql) {
      return textRows((await session.execute(sql)).answer);
    },
  };
  return session;
}

/** Posts any body to the Execute endpoint with Basic credentials. */
export function postExecute(target: PsdbTarget, body: unknown, signal?: AbortSignal): Promise<Response> {
  const credentials = Buffer.from(`${target.user}:${target.password}`).toString("base64");
  return fetch(new URL("/psdb.v1alpha1.Database/Execute", target.url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Basic ${credentials}` },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** `result` comes first, and what follows it begins with a text that no base64 or escaped JSON string contains. */
function cutResult(body: string): string | null {
  if (!body.startsWith('{"result":')) return null;
  const ends = [body.indexOf(',"error":{"code"'), body.indexOf(',"session":{"signature"')].filter(
    (at) => at > 0,
  );
  return ends.length === 0 ? null : body.slice('{"result":'.length, Math.min(...ends));
}

function decodeAnswer({ result, error }: WireBody): Answer {
  if (error !== undefined) return decodeError(error.message);
  if (result?.fields === undefined) {
    return { kind: "ok", affectedRows: result?.rowsAffected ?? "0", insertId: result?.insertId ?? "0" };
  }
  const columns = result.fields.map(({ name }) => name ?? "");
  return { kind: "rows", columns, rows: (result.rows ?? []).map(decodeRow) };
}

function decodeRow(row: { readonly lengths?: readonly string[]; readonly values?: string }): Cell[] {
  const bytes = Buffer.from(row.values ?? "", "base64");
  let at = 0;
  return (row.lengths ?? []).map((text) => {
    const length = Number(text);
    if (length < 0) return null;
    at += length;
    return bytes.toString("hex", at - length, at);
  });
}

function decodeError(message: string): Answer {
  const match = /^([^]*) \(errno (\d+)\) \(sqlstate ([A-Z0-9]{5})\)$/.exec(message);
  if (match === null) throw new Error(`an error of another form: ${message}`);
  return { kind: "error", errno: Number(match[2]), sqlState: match[3] ?? "", message: match[1] ?? "" };
}
