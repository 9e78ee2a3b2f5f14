import { type Connection, createConnection } from "mysql2/promise";
import { cellsOf, execute, type RawAnswer } from "./raw-client.ts";

/** Who logs in at an edge. */
export interface EdgeLogin {
  readonly user: string;
  readonly password: string;
}

/** What a statement was answered with, in a form that can be compared: cells as latin1 text, or the error's number. */
export interface Outcome {
  readonly rows: readonly (readonly (string | null)[])[];
  /** 0 = no error. */
  readonly errno: number;
}

/** An edge's answer to one statement. */
export interface EdgeAnswer extends Outcome {
  /** The `Rockpool-Cache` header. */
  readonly cache: string;
  /** `""` without an error. */
  readonly errorText: string;
  /** When it was sent and when it was there, by `performance.now()`. */
  readonly sentAt: number;
  readonly arrivedAt: number;
}

/** One client's session at one edge: carries its token as a driver does. */
export class EdgeSession {
  readonly #base: string;
  readonly #login: EdgeLogin;
  #session: unknown = null;

  constructor(base: string, login: EdgeLogin) {
    this.#base = base;
    this.#login = login;
  }

  /** Any statement. Never throws for a database error. */
  async run(sql: string): Promise<EdgeAnswer> {
    const sentAt = performance.now();
    const answer = await execute(this.#base, this.#login, sql, { session: this.#session });
    const arrivedAt = performance.now();
    if (answer.body.session !== undefined) this.#session = answer.body.session;
    return { ...outcomeOf(answer), cache: answer.cache, errorText: errorTextOf(answer), sentAt, arrivedAt };
  }

  /** A statement that must succeed. */
  async must(sql: string): Promise<EdgeAnswer> {
    const answer = await this.run(sql);
    if (answer.errno !== 0) throw new Error(`${sql}: ${answer.errorText}`);
    return answer;
  }
}

function outcomeOf(answer: RawAnswer): Outcome {
  const text = errorTextOf(answer);
  const errno = text === "" ? 0 : Number(/\(errno (\d+)\)/.exec(text)?.[1] ?? -1);
  return { rows: cellsOf(answer), errno };
}

function errorTextOf(answer: RawAnswer): string {
  return answer.body.error?.message ?? "";
}

/** A connection straight to the database, answering in the same form. */
export class DirectSession {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async run(sql: string): Promise<Outcome> {
    try {
      const [rows] = await this.connection.query({
        sql,
        rowsAsArray: true,
        typeCast: (field: { buffer(): Buffer | null }) => field.buffer()?.toString("latin1") ?? null,
      });
      // A write is answered with a header object, a read with arrays of what typeCast returned.
      return { rows: Array.isArray(rows) ? (rows as unknown as (string | null)[][]) : [], errno: 0 };
    } catch (error) {
      // mysql2's errors carry the server's number; anything else is not an outcome.
      const errno = (error as { errno?: number }).errno;
      if (errno === undefined) throw error;
      return { rows: [], errno };
    }
  }

  async must(sql: string): Promise<Outcome> {
    const outcome = await this.run(sql);
    if (outcome.errno !== 0) throw new Error(`${sql}: errno ${outcome.errno}`);
    return outcome;
  }

  async close(): Promise<void> {
    await this.connection.end();
  }
}

/** Opens a direct connection in the character set that the edges use. */
export async function openDirect(
  database: { readonly host: string; readonly port: number },
  account: EdgeLogin,
  schema: string,
): Promise<DirectSession> {
  const { host, port } = database;
  const { user, password } = account;
  const connection = await createConnection({ host, port, user, password, database: schema });
  await connection.query("SET NAMES utf8mb4");
  return new DirectSession(connection);
}
