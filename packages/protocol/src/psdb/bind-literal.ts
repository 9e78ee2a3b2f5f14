import { RockpoolError } from "@rockpool/base";
import { quoteText } from "../text/quote-text.ts";
import type { BindVariable } from "./execute-request.ts";

const INTEGER = /^-?[0-9]{1,20}$/;
const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/;
const FLOAT = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$/;
const NUMBER_MAX_LENGTH = 100;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * The SQL literal of a bind variable. Text is quoted so that no value can end its literal, whichever way the server
 * reads backslashes; bytes become `x'…'`, as the JavaScript driver writes them. Throws
 * `RockpoolError("bind-variable-invalid")`.
 */
export function formatBindLiteral(variable: BindVariable): string {
  switch (variable.type) {
    case "NULL_TYPE":
      return "null";
    case "INT8":
    case "INT16":
    case "INT24":
    case "INT32":
    case "INT64":
      return integer(variable.value, INT64_MIN, INT64_MAX);
    case "UINT8":
    case "UINT16":
    case "UINT24":
    case "UINT32":
    case "UINT64":
    case "YEAR":
      return integer(variable.value, 0n, UINT64_MAX);
    case "DECIMAL":
      return numeric(variable.value, DECIMAL);
    case "FLOAT32":
    case "FLOAT64":
      return numeric(variable.value, FLOAT);
    case "CHAR":
    case "VARCHAR":
    case "TEXT":
    case "ENUM":
    case "SET":
    case "JSON":
    case "DATE":
    case "TIME":
    case "DATETIME":
    case "TIMESTAMP":
      return quoteText(utf8(variable.value));
    case "BINARY":
    case "VARBINARY":
    case "BLOB":
    case "BIT":
    case "GEOMETRY":
      return `x'${Buffer.from(variable.value).toString("hex")}'`;
    default:
      // TUPLE, expressions, and whatever else the enum has: refused rather than guessed.
      throw invalid("type");
  }
}

function integer(value: Uint8Array, min: bigint, max: bigint): string {
  const digits = ascii(value);
  if (!INTEGER.test(digits)) throw invalid("integer");
  const parsed = BigInt(digits);
  if (parsed < min || parsed > max) throw invalid("integer range");
  return parsed.toString();
}

function numeric(value: Uint8Array, form: RegExp): string {
  const digits = ascii(value);
  if (!form.test(digits)) throw invalid("number");
  return digits;
}

function ascii(value: Uint8Array): string {
  if (value.length > NUMBER_MAX_LENGTH) throw invalid("number length");
  return Buffer.from(value).toString("latin1");
}

function utf8(value: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new RockpoolError("bind-variable-invalid", { cause, context: { reason: "UTF-8" } });
  }
}

function invalid(reason: string): RockpoolError {
  return new RockpoolError("bind-variable-invalid", { context: { reason } });
}
