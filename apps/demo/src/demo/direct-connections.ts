import { type Connection, createConnection } from "mysql2";
import type { Connection as PromiseConnection, RowDataPacket } from "mysql2/promise";
import type { StackDatabase } from "../stack/stack-accounts.ts";

/** Where a direct connection goes instead of the database's own address. */
export interface Detour {
  readonly host: string;
  readonly port: number;
}

/** After `end` the server needs a moment, and a relayed farewell its way, until the connection is gone. */
const FAREWELL_MS = 1_000;

/** The demo's own connections to the database, so that all others can be told from them. */
export class DirectConnections {
  readonly #db: StackDatabase;
  readonly #own = new Set<Connection>();

  constructor(db: StackDatabase) {
    this.#db = db;
  }

  /** Connects and logs in, straight or through `detour`. */
  async open(detour: Detour = this.#db): Promise<PromiseConnection> {
    const { user, password, database } = this.#db;
    const { host, port } = detour;
    const connection = createConnection({ host, port, user, password, database });
    // Known from the server's first packet, so before the server counts it as logged in.
    this.#own.add(connection);
    connection.once("end", () => this.#forgetLater(connection));
    connection.once("error", () => this.#forgetLater(connection));
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error === null ? resolve() : reject(error)));
    });
    return connection.promise();
  }

  /** How many connections of the same account work in the same database without being ours. */
  async countOthers(connection: PromiseConnection): Promise<number> {
    const [rows] = await connection.query<RowDataPacket[]>("SHOW PROCESSLIST");
    const own = new Set([...this.#own].map(({ threadId }) => threadId));
    const { user, database } = this.#db;
    return rows.filter((row) => row["User"] === user && row["db"] === database && !own.has(row["Id"])).length;
  }

  /** Cuts whatever is still open. */
  close(): void {
    for (const connection of this.#own) connection.destroy();
    this.#own.clear();
  }

  #forgetLater(connection: Connection): void {
    setTimeout(() => this.#own.delete(connection), FAREWELL_MS).unref();
  }
}
