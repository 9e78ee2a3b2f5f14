import { parseArgs } from "node:util";
import { closest } from "@rockpool/config";

/** An option of a command line. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
}

/** Wrong use of a command line; the message says what to write instead. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What a command line gave: one value an option, and what is not an option. */
export interface ParsedOptions {
  readonly text: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** Reads a command line; `-h` is `--help`. Throws `UsageError` for anything that `options` does not have. */
export function parseOptions(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): ParsedOptions {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const text: Record<string, string> = {};
  const flags = new Set<string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const name = token.rawName === "-h" ? "help" : token.name;
    const spec = options[name];
    if (spec === undefined) throw unknownOption(token.rawName, Object.keys(options));
    if (spec.type === "boolean") {
      if (token.value !== undefined) throw new UsageError(`--${name} takes no value`);
      flags.add(name);
    } else {
      if (token.value === undefined) throw new UsageError(`--${name} needs a value`);
      if (text[name] !== undefined) throw new UsageError(`--${name} is given twice`);
      text[name] = token.value;
    }
  }
  return { text, flags, positionals };
}

function unknownOption(rawName: string, known: readonly string[]): UsageError {
  const near = closest(rawName.replace(/^-+/, ""), known);
  return new UsageError(`unknown option ${rawName}${near === null ? "" : `: did you mean --${near}?`}`);
}
