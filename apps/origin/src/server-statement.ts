import { createHash } from "node:crypto";
import type { StatementRequest } from "@rockpool/protocol/backhaul";
import { type Analyser, describeVirtualSets, type StatementFacts } from "@rockpool/sql";
import type { OriginLogin } from "./login-directory.ts";

/** A statement as the origin understands it. */
export interface ServerStatement {
  readonly facts: StatementFacts;
  /** Names the variables and mode that its connection must have applied; equal states share connections without a reset. */
  readonly stateHash: string;
}

/** Classifies statements by the origin's own catalogue: it trusts no edge's view of what a statement may alter. */
export interface StatementReader {
  read(request: StatementRequest, login: OriginLogin): ServerStatement;
}

/** Options of `createStatementReader`. */
export interface StatementReaderOptions {
  readonly analyser: Analyser;
  /** The `sql_mode` of an account's connections in their base state. */
  readonly sqlModeOf: (account: string) => string;
  /** Whether the pinned session's texts can no longer be read. */
  readonly isUnreadable: (request: StatementRequest) => boolean;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/** Creates the reader. */
export function createStatementReader(options: StatementReaderOptions): StatementReader {
  return {
    read(request, login) {
      const { text, isUtf8 } = decode(request.sql);
      const state = describeVirtualSets(request.variables);
      const facts = options.analyser.analyse(text, {
        defaultSchema: request.schema,
        modes: state.modes === "" ? options.sqlModeOf(login.account.name) : state.modes,
        sqlNotUtf8: !isUtf8,
        charsetUnsafe: state.charsetUnsafe || options.isUnreadable(request),
      });
      return { facts, stateHash: hashState(request, login.rights.readOnly) };
    },
  };
}

/** A short name of what must be set up on a connection; `""` = the base state. */
function hashState({ variables }: Pick<StatementRequest, "variables">, readOnly: boolean): string {
  const prefix = readOnly ? "read-only " : "";
  if (variables.length === 0) return prefix;
  return prefix + createHash("sha256").update(JSON.stringify(variables)).digest("base64url").slice(0, 22);
}

function decode(sql: Uint8Array): { text: string; isUtf8: boolean } {
  try {
    return { text: strict.decode(sql), isUtf8: true };
  } catch {
    return { text: latin1.decode(sql), isUtf8: false };
  }
}
