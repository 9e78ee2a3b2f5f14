import { readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { type Plugin, type RolldownLog, rolldown } from "rolldown";

/** One program in one file. */
export interface BuiltBundle {
  readonly file: string;
  readonly bytes: number;
  /** Folders of the packages of others whose code is in it. */
  readonly packages: readonly string[];
}

/**
 * Bundles `entry` (a path from `root`) with everything it imports, except Node's own modules, into `file`. Names stay as they are,
 * so that stacks can be read without a source map. Throws for anything the bundler is not sure of.
 */
export async function buildBundle(root: string, entry: string, file: string): Promise<BuiltBundle> {
  const bundler = await rolldown({
    input: join(root, entry),
    cwd: root,
    platform: "node",
    plugins: [plainBuiltins],
    onLog: judge,
  });
  const { output } = await bundler.write({
    file,
    format: "esm",
    // Programs that are loaded when asked for stay in the same file.
    codeSplitting: false,
    comments: false,
  });
  await bundler.close();
  if (output.length !== 1) throw new Error(`${entry} became ${output.length} files`);
  const written = toAscii(readFileSync(file, "utf8"));
  const code = `#!/usr/bin/env node\n${NODE_CHECK}\n${written.replace(/^#!.*\n/, "")}`;
  writeFileSync(file, code);
  const modules = Object.keys(output[0].modules);
  return { file, bytes: code.length, packages: [...new Set(modules.flatMap(packageFolderOf))].toSorted() };
}

/**
 * Node's own modules as `process.getBuiltinModule` gives them. Their faces as ES modules ask every lazy property once, and
 * `node:http` alone loads the whole of undici for its WebSocket by that: 8 MB of a process that never uses it.
 */
const plainBuiltins: Plugin = {
  name: "plain-builtins",
  resolveId(source) {
    // The bundler's own beginning needs node:module before anything of ours is there.
    if (!isBuiltin(source) || /^(node:)?module$/.test(source)) return null;
    return { id: `${BUILTIN_PREFIX}${source.replace(/^node:/, "")}.cjs`, moduleSideEffects: false };
  },
  load(id) {
    if (!id.startsWith(BUILTIN_PREFIX)) return null;
    const name = id.slice(BUILTIN_PREFIX.length, -".cjs".length);
    return `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${name}`)});`;
  },
};
const BUILTIN_PREFIX = "\0builtin:";

/** Runs first of all: an older Node would stop at something that it does not have, with a stack that tells nobody why. */
const NODE_CHECK =
  "if (parseInt(process.versions.node) < 24) { " +
  'process.stderr.write("Rockpool needs Node 24 or later; this is " + process.version + ".\\n"); process.exit(78); }';

/** A bundler's doubt is a fault at run time. */
function judge(level: string, log: RolldownLog): void {
  if (level === "warn") throw new Error(`the bundler doubts (${log.code ?? "no code"}): ${log.message}`);
}

/**
 * Every other character as `\uXXXX`: one of them makes V8 keep the whole source with two bytes a character, which are 2 MB of a
 * running origin. They occur in string, template and regular expression literals only, where the escape means the same.
 */
function toAscii(code: string): string {
  return code.replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The folder of the package that a module belongs to; none for our own. */
function packageFolderOf(module: string): string[] {
  const path = module.replace(/^\0+/, "").replace(/\?.*$/, "");
  const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];
  return found === undefined || dirname(found) === found ? [] : [found];
}
