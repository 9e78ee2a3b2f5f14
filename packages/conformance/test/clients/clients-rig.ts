import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTestCertificates } from "@rockpool/testkit";
import { openDirectSession } from "../../src/direct-session.ts";
import { openRig, type Rig } from "../../src/index.ts";
import type { ClientTarget } from "./program-report.ts";
import { isSecure, type Transport } from "./transports.ts";

/** A Rockpool for client programs: one edge with a cleartext and a TLS door. */
export interface ClientsRig {
  readonly rig: Rig;
  /** PEM file of the authority that signed the edge's certificate. */
  readonly caFile: string;
  /** Login and database number `index`, by the door that `transport` needs. */
  target(index: number, transport: Transport): ClientTarget;
  close(): Promise<void>;
}

/** Opens a rig with `count` logins, each with a database of its own. */
export async function openClientsRig(count: number): Promise<ClientsRig> {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-clients-"));
  const { caFile, certFile, keyFile } = makeTestCertificates(folder);
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  const rig = await openRig({
    databaseOnly: true,
    logins: names.map((name) => ({ name, password: passwordOf(name), database: name })),
    edgeConfig: {
      listen: { https: { host: "127.0.0.1", port: 0, certFile, keyFile } },
      // Every program tries wrong passwords, all from one address.
      access: { failuresMax: 1_000_000 },
    },
  });
  const close = async (): Promise<void> => {
    await rig.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const direct = await openDirectSession(rig.db);
    for (const name of names) {
      await direct.execute(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    }
    direct.close();
    await rig.startOrigin();
    await rig.startEdge(0);
    await rig.ready();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    rig,
    caFile,
    target(index, transport) {
      const name = nameOf(index);
      const { http = "", https = "" } = rig.edges[0]?.line ?? {};
      const { host, port, user, password } = rig.db;
      return {
        url: isSecure(transport) ? https : http,
        user: name,
        password: passwordOf(name),
        database: name,
        direct: { host, port, user, password },
      };
    },
    close,
  };
}

function nameOf(index: number): string {
  return `cell${index}`;
}

function passwordOf(name: string): string {
  return `${name}-password`;
}
