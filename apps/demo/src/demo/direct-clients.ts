import type { Random } from "@rockpool/base";
import type { Connection } from "mysql2/promise";
import type { Workload } from "../workload.ts";
import type { Detour, DirectConnections } from "./direct-connections.ts";
import type { Figures } from "./figures.ts";
import { pause } from "./pause.ts";

/** Options of `runDirectClients`. */
export interface DirectClientsOptions {
  readonly connections: DirectConnections;
  /** The link with the round trip. */
  readonly link: Detour;
  readonly workload: Workload;
  readonly random: Random;
  readonly figures: Figures;
  readonly signal: AbortSignal;
}

/** Clients of each of the two kinds. */
const CONCURRENCY = 4;
const PAUSE_MEAN_MS = 250;

/**
 * What clients do without an edge, on the same reads and over the same round trip: some open a connection for each
 * request, some use connections that are open already (one each: nobody waits for a connection).
 */
export async function runDirectClients(options: DirectClientsOptions): Promise<void> {
  const warm = await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      const connection = await options.connections.open(options.link);
      await connection.query("SELECT 1");
      return connection;
    }),
  );
  await Promise.all([
    ...warm.map((connection) => runWarm(connection, options)),
    ...warm.map(() => runNew(options)),
  ]);
}

async function runWarm(connection: Connection, options: DirectClientsOptions): Promise<void> {
  await repeat(options, "warm-pool", (sql) => connection.query(sql));
  await connection.end();
}

async function runNew(options: DirectClientsOptions): Promise<void> {
  await repeat(options, "new-connection", async (sql) => {
    const connection = await options.connections.open(options.link);
    await connection.query(sql);
    // Not waited for: the farewell is not part of what the client waits for.
    connection.end().catch(() => undefined);
  });
}

async function repeat(
  { random, workload, figures, signal }: DirectClientsOptions,
  kind: "warm-pool" | "new-connection",
  request: (sql: string) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    await pause(random.next() * 2 * PAUSE_MEAN_MS, signal);
    if (signal.aborted) return;
    const startMs = performance.now();
    try {
      await request(workload.drawRead(random).sql);
      figures.recordAnswer(kind, performance.now() - startMs);
    } catch (error) {
      figures.recordError(kind, error);
    }
  }
}
