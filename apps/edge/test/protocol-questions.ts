import {
  begin,
  type EdgeBench,
  end,
  finish,
  type HttpAnswer,
  type HttpQuestion,
  type OriginCall,
  row,
} from "./bench.ts";

/** The path of psdb's Execute. */
export const EXECUTE = "/psdb.v1alpha1.Database/Execute";

/** The same statement in each protocol. */
export const ASK = {
  psdb: (sql: string): HttpQuestion => ({ path: EXECUTE, body: JSON.stringify({ query: sql }) }),
  polyscale: (sql: string): HttpQuestion => ({
    path: "/sql",
    headers: { authorization: "" },
    body: JSON.stringify(polyscale({ sql })),
  }),
  tidb: (sql: string): HttpQuestion => ({ path: "/v1beta/sql", body: JSON.stringify({ query: sql }) }),
};

type Protocol = keyof typeof ASK;
/** All of them. */
export const PROTOCOLS = ["psdb", "polyscale", "tidb"] as const satisfies readonly Protocol[];

/** A body of `/sql` for the login `shop`. */
export function polyscale(changes: Record<string, unknown>): Record<string, unknown> {
  return {
    cacheId: "c",
    username: "shop",
    password: "secret",
    provider: "mysql",
    database: "app",
    ...changes,
  };
}

/** The same question with more headers. */
export function withHeaders(question: HttpQuestion, headers: Record<string, string>): HttpQuestion {
  return { ...question, headers: { ...question.headers, ...headers } };
}

/** The statement of most questions. */
export const READ = "SELECT a FROM t";
/** The cell of its rows. */
export const ROW = "y".repeat(100);

/** Answers READ at the origin with this many rows. */
export function respond(call: OriginCall, rowCount: number): void {
  begin(call);
  for (let index = 0; index < rowCount; index++) row(call, ROW);
  end(call);
  finish(call);
}

/** The answer of READ with this many rows, which becomes an entry. */
export async function fill(
  bench: EdgeBench,
  protocol: Protocol,
  rowCount: number,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const { answer, call } = await bench.reach(withHeaders(ASK[protocol](READ), headers));
  respond(call, rowCount);
  return answer;
}
