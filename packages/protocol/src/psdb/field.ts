import type { RawColumn } from "@rockpool/base";
import { type ColumnDefinition, decodeColumnDefinition } from "../mysql/column-definition.ts";
import { encodeJsonText } from "./json-text.ts";
import { vitessType } from "./vitess-type.ts";

/**
 * One element of `result.fields`: query.Field of Vitess in proto3's JSON form, zero and empty values left out. ASCII.
 * `json` = MariaDB's metadata calls the column JSON.
 */
export function encodeField(column: ColumnDefinition, json: boolean): string {
  const members: string[] = [];
  addText(members, "name", column.name);
  addText(members, "type", vitessType(column, json));
  addText(members, "table", column.table);
  addText(members, "orgTable", column.orgTable);
  addText(members, "database", column.schema);
  addText(members, "orgName", column.orgName);
  addNumber(members, "columnLength", column.columnLength);
  addNumber(members, "charset", column.charset);
  addNumber(members, "decimals", column.decimals);
  addNumber(members, "flags", column.flags);
  return `{${members.join(",")}}`;
}

/** The JSON array text of `result.fields`. Throws `ProtocolError` for a malformed definition. */
export function encodeFields(columns: readonly RawColumn[]): string {
  const fields = columns.map((column) => encodeField(decodeColumnDefinition(column.definition), column.json));
  return `[${fields.join(",")}]`;
}

function addText(members: string[], name: string, value: string): void {
  if (value !== "") members.push(`"${name}":${encodeJsonText(value)}`);
}

function addNumber(members: string[], name: string, value: number): void {
  if (value !== 0) members.push(`"${name}":${value}`);
}
