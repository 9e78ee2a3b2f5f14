import type { RawColumn, StatementEnd } from "@rockpool/base";
import { encodeJsonText } from "../psdb/json-text.ts";
import { createBoundedRows } from "../text/bounded-rows.ts";
import { readColumns } from "../text/column-kind.ts";
import { encodeHexCell, encodeTextCell } from "../text/json-cell.ts";
import type { ResultForm, ResultRows } from "../text/result-form.ts";
import { tidbType } from "./tidb-type.ts";

/*
 * The answer of TiDB Cloud's /v1beta/sql:
 *   {"types":[{"name":"id","type":"INT","nullable":false}],"rows":[["1",null]],"rowsAffected":null,"sLastInsertID":null}
 * Every value is a string or null; bytes are hexadecimal digits.
 */

const FLAG_NOT_NULL = 1;

/** The answer is this text and nothing else; the session travels in a header. */
export const TIDB_RESULT: ResultForm = {
  name: "tidb",
  open: (columns) => ({ text: `{"types":${encodeTypes(columns)},"rows":[`, rows: createArrayRows(columns) }),
  close: `],"rowsAffected":null,"sLastInsertID":null}`,
  ok: encodeWritten,
};

/** The answer to a request without a statement. */
export const TIDB_NOTHING = `{"types":null,"rows":null,"rowsAffected":null,"sLastInsertID":null}`;

function encodeWritten(end: Pick<StatementEnd, "affectedRows" | "insertId">): string {
  const insertId = BigInt.asUintN(64, end.insertId);
  return `{"types":null,"rows":null,"rowsAffected":${end.affectedRows},"sLastInsertID":"${insertId}"}`;
}

function encodeTypes(columns: readonly RawColumn[]): string {
  const types = readColumns(columns).map(({ definition, kind }) => {
    const nullable = (definition.flags & FLAG_NOT_NULL) === 0;
    const type = tidbType(definition, kind);
    return `{"name":${encodeJsonText(definition.name)},"type":"${type}","nullable":${nullable}}`;
  });
  return `[${types.join(",")}]`;
}

function createArrayRows(columns: readonly RawColumn[]): ResultRows {
  const isBinary = readColumns(columns).map(({ kind }) => kind === "binary");
  return createBoundedRows(columns.length, (cells) => {
    let text = "[";
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] ?? null;
      if (index > 0) text += ",";
      text += cell === null ? "null" : isBinary[index] === true ? encodeHexCell(cell) : encodeTextCell(cell);
    }
    return `${text}]`;
  });
}
