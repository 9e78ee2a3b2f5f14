import { randomBytes } from "node:crypto";
import type { PrivateDatabase } from "@rockpool/devdb";
import { type Connection, createConnection } from "mysql2/promise";
import type { StackLogin } from "./stack-config.ts";

/** The server and account that a stack works with. */
export type StackDatabase = Pick<PrivateDatabase, "host" | "port" | "user" | "password" | "database">;

/** `localhost` too: a server may have an anonymous account there, which would win over `%`. */
const HOSTS = ["%", "localhost"] as const;

/**
 * Creates a database account for each login, without any rights. Throws the database's error when one exists already,
 * and then leaves things as they were.
 */
export async function createAccounts(database: StackDatabase, logins: readonly StackLogin[]): Promise<void> {
  if (logins.length === 0) return;
  await withConnection(database, async (connection) => {
    const created: [user: string, host: string][] = [];
    try {
      for (const { user, password } of logins) {
        for (const host of HOSTS) {
          await connection.query("CREATE USER ?@? IDENTIFIED BY ?", [user, host, password]);
          created.push([user, host]);
        }
      }
    } catch (error) {
      for (const account of created) await connection.query("DROP USER ?@?", account);
      throw error;
    }
  });
}

/** Removes what `createAccounts` made. */
export async function dropAccounts(database: StackDatabase, logins: readonly StackLogin[]): Promise<void> {
  if (logins.length === 0) return;
  await withConnection(database, async (connection) => {
    for (const { user } of logins)
      for (const host of HOSTS) await connection.query("DROP USER IF EXISTS ?@?", [user, host]);
  });
}

/** Creates an empty database with a new name and returns its name. */
export async function createFreshDatabase(database: StackDatabase): Promise<string> {
  const name = `rockpool_demo_${randomBytes(4).toString("hex")}`;
  await withConnection(database, (connection) => connection.query(`CREATE DATABASE ${name}`));
  return name;
}

/** Drops a database that `createFreshDatabase` made. */
export async function dropFreshDatabase(database: StackDatabase, name: string): Promise<void> {
  await withConnection(database, (connection) => connection.query(`DROP DATABASE IF EXISTS ${name}`));
}

async function withConnection(
  { host, port, user, password }: StackDatabase,
  use: (connection: Connection) => Promise<unknown>,
): Promise<void> {
  const connection = await createConnection({ host, port, user, password });
  try {
    await use(connection);
  } finally {
    await connection.end();
  }
}
