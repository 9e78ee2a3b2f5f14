import type { LoginRights, Position } from "@rockpool/base";
import type { VirtualSet } from "@rockpool/sql";

/** A login as the engine needs it. */
export interface EngineLogin {
  readonly name: string;
  /** The database account used: part of the key (R15). */
  readonly account: string;
  /** Default database. */
  readonly schema: string | null;
  /** What it may do beyond what the database says of its account. */
  readonly rights: LoginRights;
  /** What of its rights decides which answers it may see: part of the key; null = all that its account may see. */
  readonly visibility: string | null;
}

/** A client's session between two statements: immutable, carried by its token (HTTP) or its connection (MySQL). */
export interface Session {
  readonly login: EngineLogin;
  readonly uuid: string;
  /** Current database; null = none. */
  readonly schema: string | null;
  /** The database connection it holds at the origin. */
  readonly pin: string | null;
  /** Its pinned state is gone: errors until ROLLBACK (S3). */
  readonly lost: boolean;
  readonly inTransaction: boolean;
  readonly autocommit: boolean;
  readonly variables: readonly VirtualSet[];
  readonly lastInsertId: bigint;
  /** The position it must not read behind (R8). */
  readonly bookmark: Position | null;
}

/** The session of a client that has said nothing yet. */
export function createSession(login: EngineLogin, uuid: string): Session {
  return {
    login,
    uuid,
    schema: login.schema,
    pin: null,
    lost: false,
    inTransaction: false,
    autocommit: true,
    variables: [],
    lastInsertId: 0n,
    bookmark: null,
  };
}
