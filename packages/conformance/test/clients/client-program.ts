import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type DirectSession, openDirectSession } from "../../src/direct-session.ts";
import { cacheStatus, countRequests } from "./client-transport.ts";
import type { CheckReport, ClientTarget, ProgramReport } from "./program-report.ts";

/** What a suite works with. */
export interface ClientProgram {
  readonly target: ClientTarget;
  /** The target's URL with login and password in it. */
  readonly urlWithLogin: string;
  /** The database itself: what it says is right by definition. */
  readonly direct: DirectSession;
  /** Runs one check; a failure is reported and the next check runs. The text it gives is printed. */
  check(name: string, run: () => Promise<string | void>): Promise<void>;
  /** Runs it directly; throws on an error. */
  make(sql: string): Promise<void>;
  /** Rows of a direct read, each cell as text, NULL as null. */
  read(sql: string): Promise<(string | null)[][]>;
}

const DETAIL_MAX_CHARS = 3000;
/** A hit needs a fresh watermark, and a new table needs to be heard of: a busy machine may bring both late. */
const HIT_WAIT_MAX_MS = 10_000;

/** Runs a suite in this process and prints its report; the exit code is 0 also when checks failed. */
export async function runClient(
  client: string,
  suite: (program: ClientProgram) => Promise<void>,
): Promise<void> {
  const target = JSON.parse(process.env["CLIENT_TARGET"] ?? "") as ClientTarget; // written by the matrix
  const direct = await openDirectSession({ ...target.direct, database: target.database });
  const checks: CheckReport[] = [];
  const url = new URL(target.url);
  url.username = target.user;
  url.password = target.password;
  const program: ClientProgram = {
    target,
    urlWithLogin: url.href,
    direct,
    async check(name, run) {
      try {
        checks.push({ name, ok: true, detail: (await run()) ?? "" });
      } catch (error) {
        checks.push({ name, ok: false, detail: describeError(error) });
      }
    },
    async make(sql) {
      const answer = await direct.execute(sql);
      if (answer.kind === "error") throw new Error(`${answer.message}: ${sql}`);
    },
    async read(sql) {
      const answer = await direct.execute(sql);
      if (answer.kind !== "rows") throw new Error(`no rows: ${JSON.stringify(answer)}`);
      return answer.rows.map((row) => row.map((cell) => (cell === null ? null : textOf(cell))));
    },
  };
  await program.check("the suite as a whole", () => suite(program));
  direct.close();
  const report: ProgramReport = { client, node: process.version, requests: countRequests(), checks };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** Cells of direct sessions are bytes in hex. */
function textOf(hex: string): string {
  return Buffer.from(hex, "hex").toString("utf8");
}

/** Repeats a read until the edge answers it from its cache; every answer must be the same, the first being no hit. */
export async function expectHit<Value>(readOnce: () => Promise<Value>): Promise<string> {
  const end = performance.now() + HIT_WAIT_MAX_MS;
  const first = await readOnce();
  assert.match(cacheStatus(), /^(miss|bypass; reason=unknown-table)/);
  for (let count = 2; performance.now() < end; count++) {
    assert.deepStrictEqual(await readOnce(), first);
    if (cacheStatus().startsWith("hit")) return `hit at read ${count}`;
  }
  throw new Error(`no hit in ${HIT_WAIT_MAX_MS} ms: ${cacheStatus()}`);
}

/** The error that `run` ends with; throws when it does not. */
export async function catchError(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("no error came");
}

function describeError(error: unknown): string {
  return inspect(error, { depth: 4 }).slice(0, DETAIL_MAX_CHARS);
}
