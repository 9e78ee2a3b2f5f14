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
export function createLogger(options: LoggerOptions = {}): Logger {
  const destination =
    options.write === undefined ? pino.destination({ dest: 2, sync: true }) : { write: options.write };
  const sink = pino(
    {
      level: options.level ?? "info",
      base: options.name === undefined ? null : { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(sink);
}

function wrap(sink: pino.Logger): Logger {
  return {
    debug: (message, fields) => sink.isLevelEnabled("debug") && sink.debug(clean(fields), message),
    info: (message, fields) => sink.info(clean(fields), message),
    warn: (message, fields) => sink.warn(clean(fields), message),
    error: (message, fields) => sink.error(clean(fields), message),
    child: (fields) => wrap(sink.child(clean(fields))),
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
