import { Client, type Config, DatabaseError } from "@planetscale/database";
import type { Random } from "@rockpool/base";
import type { StackInfo } from "../stack/stack.ts";
import type { DrawnStatement, Workload } from "../workload.ts";
import type { CheckedAnswer } from "./answer-checker.ts";
import type { AnswerKind, Figures } from "./figures.ts";
import { pause } from "./pause.ts";
import { formatState, keepRawCell } from "./raw-rows.ts";

/** Options of `runEdgeClients`. */
export interface EdgeClientsOptions {
  readonly info: Pick<StackInfo, "edges" | "login">;
  readonly workload: Workload;
  readonly random: Random;
  readonly figures: Figures;
  /** Gets every 100th read's answer. */
  readonly check: (answer: CheckedAnswer) => Promise<unknown>;
  /** How many clients live at a time. */
  readonly concurrency: number;
  /** Ends the run; statements in progress are finished. */
  readonly signal: AbortSignal;
}

const WRITE_SHARE = 0.05;
const CHECK_EVERY = 100;
/** A client does 1 to this many statements and is gone. */
const STATEMENTS_MAX = 5;
/** The mean pause before each statement: 200 clients make about 330 a second, which leaves two small cores some air. */
const PAUSE_MEAN_MS = 600;
/** Over which the clients begin, so that a cold start is not a stampede. */
const RAMP_MS = 3_000;
const ATTEMPTS_MAX = 5;

/**
 * Keeps many short-lived clients on the edges: each is a new `Client` of the real driver, does a few statements and ends
 * its connection. Reads are drawn by recorded frequency; 5 % are writes that commit by themselves.
 */
export async function runEdgeClients(options: EdgeClientsOptions): Promise<void> {
  const { concurrency, signal } = options;
  const loops = Array.from({ length: concurrency }, async (_, index) => {
    await pause((index * RAMP_MS) / concurrency, signal);
    for (let life = index; !signal.aborted; life += 1) await runClient(options, life);
  });
  await Promise.all(loops);
}

async function runClient(options: EdgeClientsOptions, life: number): Promise<void> {
  const { random, figures, signal, workload } = options;
  const statementCount = 1 + Math.floor(random.next() * STATEMENTS_MAX);
  const client = createEdgeClient(options.info, life);
  figures.beginClient();
  for (let left = statementCount; left > 0 && !signal.aborted; left -= 1) {
    await pause(random.next() * 2 * PAUSE_MEAN_MS, signal);
    client.isLast = left === 1;
    if (random.next() < WRITE_SHARE) await write(client, workload.drawWrite(random), figures);
    else await read(client, workload.drawRead(random), options);
  }
  figures.endClient();
}

interface EdgeClient {
  readonly driver: Client;
  /** While true the connection is closed after the statement, as the end of a short-lived process does. */
  isLast: boolean;
  /** The `Rockpool-Cache` header of the last answer. */
  cacheStatus: string;
}

function createEdgeClient({ edges, login }: EdgeClientsOptions["info"], life: number): EdgeClient {
  const http = edges[life % edges.length]?.http ?? "";
  const fetchAndNote: Config["fetch"] = async (url, init) => {
    const headers = { ...init?.headers, ...(client.isLast ? { Connection: "close" } : {}) };
    const response = await fetch(url, { ...init, headers });
    client.cacheStatus = response.headers.get("rockpool-cache") ?? "";
    return response;
  };
  const url = http.replace("://", `://${login.user}:${login.password}@`);
  const client = { driver: new Client({ url, fetch: fetchAndNote }), isLast: false, cacheStatus: "" };
  return client;
}

async function read(
  client: EdgeClient,
  { sql, templateId }: DrawnStatement,
  options: EdgeClientsOptions,
): Promise<void> {
  const { figures } = options;
  try {
    figures.readsSoFar += 1;
    const isChecked = figures.readsSoFar % CHECK_EVERY === 0;
    const askedAtMs = performance.now();
    // The raw cells of a checked answer compare exactly; all others go through the driver's own casts.
    const { rows } = isChecked
      ? await client.driver.execute(sql, null, { as: "array", cast: keepRawCell })
      : await client.driver.execute(sql);
    figures.recordAnswer(readKind(client.cacheStatus), performance.now() - askedAtMs);
    // The driver's type of a row is the union of both forms.
    if (isChecked) await options.check({ sql, askedAtMs, answer: formatState(rows as unknown[][]) });
  } catch (error) {
    figures.recordError(`read ${templateId}`, error);
  }
}

/** A deadlock is the database's normal answer to two writes in each other's way: the loser is sent again. */
async function write(
  client: EdgeClient,
  { sql, templateId }: DrawnStatement,
  figures: Figures,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const askedAtMs = performance.now();
    try {
      await client.driver.execute(sql);
      figures.recordAnswer("write", performance.now() - askedAtMs);
      return;
    } catch (error) {
      const isDeadlock = error instanceof DatabaseError && error.message.includes("(errno 1213)");
      if (!isDeadlock || attempt === ATTEMPTS_MAX) return figures.recordError(`write ${templateId}`, error);
      figures.deadlocks += 1;
    }
  }
}

function readKind(cacheStatus: string): AnswerKind {
  const kind = /^(?:hit|miss|bypass)(?=;)/.exec(cacheStatus)?.[0];
  if (kind === "hit" || kind === "miss" || kind === "bypass") return kind;
  throw new Error(`no Rockpool-Cache header that says what the answer was: "${cacheStatus}"`);
}
