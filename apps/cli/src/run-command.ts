import { closest, formatConfigReference } from "@rockpool/config";
import { EXIT, runProgram, UsageError, VERSION } from "@rockpool/runtime";
import { CHECK_CONFIG_HELP, checkConfig } from "./check-config.ts";
import { LOGIN_HASH_HELP, loginHash } from "./login-hash.ts";

/** A command, or a group of them. */
type Command =
  | {
      readonly kind: "leaf";
      readonly summary: string;
      /** `null`: the command prints its own. */
      readonly help: string | null;
      /** Answers the exit code; `null` = it runs on, or has ended the process. */
      run(args: readonly string[]): Promise<number | null>;
    }
  | {
      readonly kind: "group";
      readonly summary: string;
      readonly commands: Readonly<Record<string, Command>>;
    };

// Loaded when asked for: a check of a configuration needs no database driver.
const ROOT: Extract<Command, { kind: "group" }> = {
  kind: "group",
  summary: "A caching edge for MySQL and MariaDB.",
  commands: {
    edge: {
      kind: "leaf",
      summary: "run an edge in the foreground",
      help: null,
      async run(args) {
        const { EDGE_PROGRAM } = await import("@rockpool/edge/program");
        await runProgram(EDGE_PROGRAM, args, "rockpool edge");
        return null;
      },
    },
    origin: {
      kind: "leaf",
      summary: "run an origin in the foreground",
      help: null,
      async run(args) {
        const { ORIGIN_PROGRAM } = await import("@rockpool/origin/program");
        await runProgram(ORIGIN_PROGRAM, args, "rockpool origin");
        return null;
      },
    },
    "check-config": {
      kind: "leaf",
      summary: "tell what is wrong or odd about a configuration",
      help: CHECK_CONFIG_HELP,
      run: checkConfig,
    },
    login: {
      kind: "group",
      summary: "work with logins",
      commands: {
        hash: {
          kind: "leaf",
          summary: "hash a password for logins[].passwordHash",
          help: LOGIN_HASH_HELP,
          run: loginHash,
        },
      },
    },
    config: {
      kind: "group",
      summary: "show what can be configured",
      commands: {
        reference: {
          kind: "leaf",
          summary: "print every setting as Markdown",
          help: "Usage: rockpool config reference\n\nPrints every setting, its variable, range, default and meaning as Markdown.",
          run: (args) => {
            if (args[0] !== undefined) throw new UsageError(`unexpected ${args[0]}`);
            say(formatConfigReference().trimEnd());
            return Promise.resolve(EXIT.ok);
          },
        },
      },
    },
  },
};

/** Runs one command line (without `node` and the file). Answers the exit code; `null` = it runs on. */
export async function runCommand(args: readonly string[]): Promise<number | null> {
  try {
    return await descend(ROOT, "rockpool", args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nTry rockpool --help.\n`);
    return EXIT.usage;
  }
}

async function descend(command: Command, path: string, args: readonly string[]): Promise<number | null> {
  const wantsHelp = args[0] === "--help" || args[0] === "-h";
  if (command.kind === "leaf") {
    if (command.help === null || !args.some((arg) => arg === "--help" || arg === "-h"))
      return command.run(args);
    say(command.help);
    return EXIT.ok;
  }
  if (wantsHelp) {
    say(helpOf(command, path));
    return EXIT.ok;
  }
  if (path === "rockpool" && args[0] === "--version") {
    say(`rockpool ${VERSION}`);
    return EXIT.ok;
  }
  const [name, ...rest] = args;
  const next =
    name !== undefined && Object.hasOwn(command.commands, name) ? command.commands[name] : undefined;
  if (name !== undefined && next !== undefined) return descend(next, `${path} ${name}`, rest);
  if (name !== undefined) throw unknownCommand(name, command, path);
  process.stderr.write(`${helpOf(command, path)}\n`);
  return EXIT.usage;
}

function unknownCommand(
  name: string,
  command: Extract<Command, { kind: "group" }>,
  path: string,
): UsageError {
  const near = closest(name, Object.keys(command.commands));
  return new UsageError(
    `unknown ${name.startsWith("-") ? "option" : "command"} ${name}${near === null ? "" : `: did you mean ${path} ${near}?`}`,
  );
}

function helpOf({ summary, commands }: Extract<Command, { kind: "group" }>, path: string): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(
    ([name, { summary: what }]) => `  ${name.padEnd(width)}   ${what}`,
  );
  const isRoot = path === "rockpool";
  return [
    `Usage: ${path} COMMAND [OPTIONS]`,
    "",
    ...(isRoot ? [summary, ""] : []),
    ...lines,
    "",
    `${path} COMMAND --help tells more${isRoot ? "; rockpool --version prints the version" : ""}.`,
  ].join("\n");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
