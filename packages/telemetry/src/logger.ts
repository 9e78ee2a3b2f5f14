import { pino } from "pino";
import { errorToFields } from "./error-fields.ts";
import { redactField } from "./redact.ts";

/** How much is logged: this level and everything above it. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Flat by design: a field that cannot nest cannot smuggle a secret past the redaction. */
export type LogFields = Readonly<
  Record<string, string | number | bigint | boolean | null | undefined | readonly string[] | Error>
>;

/** The log sink. A message is a constant sentence; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** A program's own logger: what it says of its level counts for all its children. */
export interface RootLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/** Options of `createLogger`. */
export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** The program's name, on every line. */
  readonly name?: string;
  /** Where lines go (each ends in a newline); default standard error, written synchronously so that a crash loses none. */
  readonly write?: (line: string) => void;
}

/**
 * JSON lines with `level`, `time` (ISO 8601), `msg`. Values of fields named like passwords, secrets, tokens,
 * cookies, authorization headers or SQL are replaced; errors lose everything but their harmless properties.
 */
export function createLogger(options: LoggerOptions = {}): RootLogger {
  const destination =
    options.write === undefined ? pino.destination({ dest: 2, sync: true }) : { write: options.write };
  const sink = pino(
    {
      // The gate below decides, because a child of pino keeps the level it was born with.
      level: "debug",
      base: options.name === undefined ? null : { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const gate: Gate = { min: SEVERITY[options.level ?? "info"] };
  return {
    ...wrap(sink, gate),
    setLevel(level) {
      gate.min = SEVERITY[level];
    },
  };
}

const SEVERITY = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const satisfies Record<
  LogLevel,
  number
>;

/** The least severity that is written. */
interface Gate {
  min: number;
}

function wrap(sink: pino.Logger, gate: Gate): Logger {
  const write =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields?: LogFields): void => {
      if (SEVERITY[level] >= gate.min) sink[level](clean(fields), message);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => wrap(sink.child(clean(fields)), gate),
  };
}

function clean(fields: LogFields = {}): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const kept = redactField(name, value);
    if (kept instanceof Error) cleaned[name] = errorToFields(kept);
    else cleaned[name] = typeof kept === "bigint" ? String(kept) : kept;
  }
  return cleaned;
}
