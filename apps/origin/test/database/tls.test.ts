import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DatabaseTls } from "../../src/database/database-target.ts";
import { adminAccount, openAdminConnection, selectText } from "./fixtures.ts";
import { OK, openScriptedServer } from "./scripted-server.ts";

const folder = new URL("../../testdata/tls/", import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, folder));
const ca = readFileSync(path("ca.pem"), "utf8");
const otherCa = readFileSync(path("other-ca.pem"), "utf8");

let byAddress: PrivateDatabase;
let byName: PrivateDatabase;
let plain: PrivateDatabase;

beforeAll(async () => {
  const args = (name: string) => [`--ssl-cert=${path(`${name}.pem`)}`, `--ssl-key=${path(`${name}.key`)}`];
  [byAddress, byName, plain] = await Promise.all([
    openPrivateDatabase({ extraArgs: args("by-address") }),
    openPrivateDatabase({ extraArgs: args("by-name") }),
    openPrivateDatabase({ extraArgs: ["--skip-ssl"] }),
  ]);
});

afterAll(async () => {
  await Promise.all([byAddress?.stop(), byName?.stop(), plain?.stop()]);
});

/** The cipher in use, or the code with which the connection was refused. */
async function attempt(database: PrivateDatabase, host: string, tls: DatabaseTls): Promise<string> {
  const target = { host, port: database.port, tls };
  try {
    const connection = await openAdminConnection(database, { target });
    const [row] = await selectText(connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    connection.destroy();
    return row?.[1] === "" ? "plain" : "encrypted";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const NAME = "localhost";
const ADDRESS = "127.0.0.1";

test.each([
  ["off", ADDRESS, { mode: "off" }, "plain"],
  ["require trusts any certificate", ADDRESS, { mode: "require" }, "encrypted"],
  ["require with the right authority", NAME, { mode: "require", ca }, "encrypted"],
  ["require with the wrong authority", ADDRESS, { mode: "require", ca: otherCa }, "database-unreachable"],
  ["verify-full", ADDRESS, { mode: "verify-full", ca }, "encrypted"],
  [
    "verify-full with the wrong authority",
    ADDRESS,
    { mode: "verify-full", ca: otherCa },
    "database-unreachable",
  ],
  ["verify-full with the system's authorities", ADDRESS, { mode: "verify-full" }, "database-unreachable"],
  ["verify-full with the wrong host", NAME, { mode: "verify-full", ca }, "database-unreachable"],
] as const)("a certificate for an address: %s", async (_name, host, tls, expected) => {
  expect(await attempt(byAddress, host, tls)).toBe(expected);
});

test.each([
  ["verify-full", NAME, { mode: "verify-full", ca }, "encrypted"],
  [
    "the name localhost does not stand for every address",
    ADDRESS,
    { mode: "verify-full", ca },
    "database-unreachable",
  ],
] as const)("a certificate for a name: %s", async (_name, host, tls, expected) => {
  expect(await attempt(byName, host, tls)).toBe(expected);
});

test("a server without TLS is refused when TLS is asked for", async () => {
  expect(await attempt(plain, ADDRESS, { mode: "require" })).toBe("database-unreachable");
  expect(await attempt(plain, ADDRESS, { mode: "off" })).toBe("plain");
});

const PASSWORD = "correct-horse-battery";

test.each([
  ["by request", "mysql_native_password"],
  ["as its own choice", "mysql_clear_password"],
])("a password never travels in the clear: the server wants it %s", async (_name, plugin) => {
  const server = await openScriptedServer(
    (_payload, index) => (index === 0 ? [Buffer.from("\xfemysql_clear_password\0", "latin1")] : [OK]),
    plugin,
  );
  const target = { host: ADDRESS, port: server.port, tls: { mode: "off" } } as const;
  const account = { ...adminAccount(plain), password: PASSWORD };
  const refused = openAdminConnection(plain, { target, account });

  await expect(refused).rejects.toMatchObject({ code: "database-unreachable" });
  expect(Buffer.concat([...server.received]).includes(PASSWORD)).toBe(false);
  await server.close();
});

test("no credentials go to a server that does not offer the TLS asked for", async () => {
  const server = await openScriptedServer(() => [OK]);
  const target = { host: ADDRESS, port: server.port, tls: { mode: "require" } } as const;

  await expect(openAdminConnection(plain, { target })).rejects.toMatchObject({
    code: "database-unreachable",
  });
  expect(server.received).toEqual([]);
  await server.close();
});
