import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A Node to run client programs with. */
export interface NodeBinary {
  /** For example `node26`. */
  readonly name: string;
  readonly major: number;
  readonly path: string;
}

/** The Node that runs the tests. */
export function ownNode(): NodeBinary {
  const major = Number.parseInt(process.versions.node, 10);
  return { name: `node${major}`, major, path: process.execPath };
}

/** Node 24 of the optional dependency; null where there is no such package for this platform. */
export function findNode24(): NodeBinary | null {
  const own = ownNode();
  if (own.major === 24) return own;
  const path = pathOfPackage(`node24-${process.platform}-${process.arch}`);
  return path === null ? null : { name: "node24", major: 24, path };
}

function pathOfPackage(name: string): string | null {
  try {
    const manifest = fileURLToPath(import.meta.resolve(`${name}/package.json`));
    const path = join(dirname(manifest), "bin", "node");
    return existsSync(path) ? path : null;
  } catch {
    return null; // not installed here
  }
}
