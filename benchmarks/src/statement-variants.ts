import { Client } from "@planetscale/database";
import type { BenchTable } from "./bench-table.ts";
import { openDatabaseConnection } from "./bench-table.ts";
import { formatAuthorization } from "./execute-request.ts";
import { type EdgeAnswer, createHttpClient, warmStatement } from "./http-client.ts";
import type { LatencyVariant, WatchedProcess } from "./latency.ts";
import type { StackProcess } from "./stack-process.ts";

/** The ways of running statements that are compared, on open connections. */
export interface StatementVariants {
  /** `direct`, `miss`, `hit` and, through the unmodified driver, `driver-miss`, `driver-hit`. */
  readonly reads: readonly LatencyVariant[];
  /** `direct`, `edge`. */
  readonly writes: readonly LatencyVariant[];
  close(): Promise<void>;
}

/** Statements before each round of a variant that are not counted. */
export const WARMUP_STATEMENT_COUNT = 20;
const HOT_ID = 1;

/** Opens one connection to the database for each lane; those to the edge open with their first statement. */
export async function openStatementVariants(
  stack: StackProcess,
  table: BenchTable,
  laneCount: number,
): Promise<StatementVariants> {
  const { db, login } = stack.line;
  const resources = new AsyncDisposableStack();
  const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
  const connections = await Promise.all(
    lanes.map(async () =>
      resources.adopt(await openDatabaseConnection(db), (connection) => connection.end()),
    ),
  );
  const authorization = formatAuthorization(stack.line);
  const clients = lanes.map(() =>
    resources.adopt(createHttpClient(stack.edge.http, authorization), (client) => client.close()),
  );
  const url = new URL(stack.edge.http);
  url.username = login.user;
  url.password = login.password;
  const driver = new Client({ url: url.href });

  const query = async (lane: number, sql: string): Promise<void> =>
    void (await at(connections, lane).query(sql));
  const execute = async (lane: number, sql: string, cacheStatus: string): Promise<void> =>
    expectStatus(await at(clients, lane).execute(sql), cacheStatus);
  const drive = async (sql: string): Promise<void> => void (await driver.execute(sql));

  const variant = (
    name: string,
    costs: readonly WatchedProcess[],
    run: (lane: number) => Promise<void>,
    before?: () => Promise<void>,
  ): LatencyVariant => ({ name, costs, run, prepare: () => prepare(laneCount, run, before) });

  const both = ["edge", "origin"] as const;
  const hot = table.read(HOT_ID);
  const warm = async (): Promise<void> => void (await warmStatement(at(clients, 0), hot));
  return {
    reads: [
      variant("direct", [], (lane) => query(lane, table.read(table.nextId()))),
      variant("miss", both, (lane) => execute(lane, table.read(table.nextId()), "miss; reason=absent")),
      variant("driver-miss", both, () => drive(table.read(table.nextId()))),
      variant("hit", ["edge"], (lane) => execute(lane, hot, "hit; reason=current"), warm),
      variant("driver-hit", ["edge"], () => drive(hot), warm),
    ],
    writes: [
      variant("direct", [], (lane) => query(lane, table.write(lane + 1))),
      variant("edge", both, (lane) => execute(lane, table.write(lane + 1), "bypass; ")),
    ],
    close: () => resources.disposeAsync(),
  };
}

async function prepare(
  laneCount: number,
  run: (lane: number) => Promise<void>,
  before: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await before();
  for (let count = 0; count < WARMUP_STATEMENT_COUNT; count += 1) await run(count % laneCount);
}

function expectStatus({ cacheStatus }: EdgeAnswer, expected: string): void {
  if (!cacheStatus.startsWith(expected))
    throw new Error(`expected ${expected}, the edge said ${cacheStatus}`);
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no lane ${index}`);
  return item;
}
