import type { StatementRequest } from "@rockpool/protocol/backhaul";
import { formatVirtualSets } from "@rockpool/sql";
import type { DatabaseConnection } from "./database/database-connection.ts";

/** What a statement needs of the connection it is about to run on. */
export interface PrepareOptions {
  /** Nothing of earlier statements may be visible (S1). */
  readonly clean: boolean;
  /** The connection is about to belong to one session: it gets the session's autocommit and insert id as well. */
  readonly forSession: boolean;
  /** What LAST_INSERT_ID() must be: the session's, when the statement may read it, 0 when it may set it; null = no matter. */
  readonly lastInsertId: bigint | null;
  /** The server itself must refuse writes. */
  readonly readOnly: boolean;
  /** Names the variables of the request, and `readOnly`; `""` = neither. */
  readonly stateHash: string;
}

/** Brings a connection into the state that the session believes in: schema, variables, insert id. */
export async function prepareConnection(
  connection: DatabaseConnection,
  request: StatementRequest,
  options: PrepareOptions,
): Promise<void> {
  const { variables } = request;
  if (options.clean && connection.touched) await connection.reset();
  const { stateHash: hash, readOnly } = options;
  await connection.applyState(hash === "" ? null : { sql: formatVirtualSets(variables), readOnly, hash });
  await connection.useSchema(request.schema);
  const lastInsertId = options.forSession ? request.lastInsertId : options.lastInsertId;
  if (lastInsertId !== null) {
    await connection.setLastInsertId(lastInsertId);
    if (lastInsertId !== 0n) connection.touched = true; // it now holds this session's id: the next one must not see it
  }
  if (options.forSession && !request.autocommit) await connection.disableAutocommit();
}
