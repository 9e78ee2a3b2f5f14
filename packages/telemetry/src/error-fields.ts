import { RockpoolError } from "@rockpool/base";
import { redactField } from "./redact.ts";

/** Causes followed at most; a cycle ends there too. */
const CAUSE_DEPTH_MAX = 4;

/** A thrown value as a log sees it. */
export interface ErrorFields {
  readonly type: string;
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  /** Absent for errors that quote what they were given: the database's (data, SQL) and `JSON.parse`'s (the body). */
  readonly message?: string;
  readonly context?: Readonly<Record<string, string | number | boolean>>;
  /** Frames only, without the message line. */
  readonly stack?: string;
  readonly cause?: ErrorFields;
}

/**
 * The loggable part of any thrown value. Only named properties are copied: database clients hang the SQL text
 * and the rows of a failed statement on their errors.
 */
export function errorToFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error };
  const quotesInput =
    "sqlMessage" in error || "sqlState" in error || "sql" in error || error instanceof SyntaxError;
  return {
    type: error.name,
    ...picked(error),
    ...(quotesInput ? {} : { message: error.message }),
    ...(error instanceof RockpoolError ? { context: redactContext(error.context) } : {}),
    ...(error.stack === undefined ? {} : { stack: framesOf(error.stack) }),
    ...(error.cause === undefined || depth >= CAUSE_DEPTH_MAX
      ? {}
      : { cause: errorToFields(error.cause, depth + 1) }),
  };
}

function picked(error: Error): { code?: string; errno?: number; sqlState?: string } {
  const fields: { code?: string; errno?: number; sqlState?: string } = {};
  if ("code" in error && typeof error.code === "string") fields.code = error.code;
  if ("errno" in error && typeof error.errno === "number") fields.errno = error.errno;
  if ("sqlState" in error && typeof error.sqlState === "string") fields.sqlState = error.sqlState;
  return fields;
}

function redactContext(context: RockpoolError["context"]): RockpoolError["context"] {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, redactField(name, value)]));
}

function framesOf(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .join("\n");
}
