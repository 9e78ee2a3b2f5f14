import type { Rig } from "../../src/index.ts";

/** Connections that an edge accepted, by what was spoken on them. */
export interface OpenedConnections {
  readonly h1: number;
  readonly h2: number;
  readonly h1Secure: number;
  readonly h2Secure: number;
}

/** How many connections of each kind edge 0 of a rig counted while `run` ran. */
export async function countOpened(rig: Rig, run: () => Promise<void>): Promise<OpenedConnections> {
  const before = await readOpened(rig);
  await run();
  const after = await readOpened(rig);
  return {
    h1: after.h1 - before.h1,
    h2: after.h2 - before.h2,
    h1Secure: after.h1Secure - before.h1Secure,
    h2Secure: after.h2Secure - before.h2Secure,
  };
}

async function readOpened(rig: Rig): Promise<OpenedConnections> {
  const admin = rig.edges[0]?.line.admin ?? "";
  const read = (version: string, tls: string): Promise<number> =>
    rig.metric(admin, "rockpool_edge_connections_opened_total", `version="${version}",tls="${tls}"`);
  return {
    h1: await read("h1", "no"),
    h2: await read("h2", "no"),
    h1Secure: await read("h1", "yes"),
    h2Secure: await read("h2", "yes"),
  };
}
