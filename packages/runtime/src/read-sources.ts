import { readFileSync, statSync } from "node:fs";
import { networkInterfaces, totalmem } from "node:os";
import { ConfigError, type ConfigSources, isPrivateHost, type Surroundings } from "@rockpool/config";

/** A configuration's texts, and what they are judged by. */
export interface ReadSources {
  readonly sources: ConfigSources;
  readonly surroundings: Surroundings;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

/** Reads the file of `--config` (undefined = none) and the environment. Throws `ConfigError` when the file cannot be read. */
export function readSources(fileName: string | undefined): ReadSources {
  const file = fileName === undefined ? undefined : readConfigFile(fileName);
  return {
    sources: {
      file: file?.text,
      fileName,
      env: process.env,
      readFile: (name) => readFileSync(name, "utf8"),
    },
    surroundings: { file, memoryBytes: readMemoryLimit(), hasPublicAddress: hasPublicAddress() },
  };
}

function readConfigFile(name: string): { text: string; mode: number } {
  try {
    return { text: readFileSync(name, "utf8"), mode: statSync(name).mode };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const problem = `cannot be read: ${REASONS[code] ?? code}`;
    throw new ConfigError([{ key: "--config", where: name, problem, fix: "give the path of a YAML file" }]);
  }
}

/** The smaller of the machine's memory and the control group's limit, which is 0 or absurdly high when there is none. */
function readMemoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function hasPublicAddress(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ address }) => !isPrivateHost(address));
}
