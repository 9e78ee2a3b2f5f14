import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { tell } from "../run-command.ts";

const run = promisify(execFile);

/** The version that is built when none is there. */
const K6_VERSION = "v1.8.1";
const GO_MODULE = `go.k6.io/k6@${K6_VERSION}`;
const BUILD_MAX_MS = 15 * 60_000;

/** A k6 that runs here. */
export interface K6 {
  readonly path: string;
  /** As it says itself. */
  readonly version: string;
}

/** Where to look, and whether to build. */
export interface FindK6Options {
  /** Where a built one is, or goes. */
  readonly folder: string;
  readonly isBuildAllowed: boolean;
}

/** The built k6, or the one on PATH, or one newly built with Go; else what is missing, for people. */
export async function findK6({ folder, isBuildAllowed }: FindK6Options): Promise<K6 | string> {
  const built = join(folder, "k6");
  const found = (await probe(built)) ?? (await probe("k6"));
  if (found !== null) return found;
  if (!isBuildAllowed) return `no k6 in ${folder} or on PATH, and building one was not asked for`;
  const go = await run("go", ["version"]).catch(() => null);
  if (go === null) return `no k6 in ${folder} or on PATH, and no Go to build ${GO_MODULE} with`;
  tell(`building ${GO_MODULE}, which takes some minutes once`);
  try {
    await run("go", ["install", GO_MODULE], {
      env: { ...process.env, GOBIN: folder },
      timeout: BUILD_MAX_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return `go install ${GO_MODULE} failed: ${lines.slice(-3).join(" | ")}`;
  }
  return (await probe(built)) ?? `go install ${GO_MODULE} left no program in ${folder}`;
}

async function probe(path: string): Promise<K6 | null> {
  try {
    const { stdout } = await run(path, ["version"]);
    const version = /^k6(?:\.exe)? (v\S+)/.exec(stdout)?.[1];
    return version === undefined ? null : { path, version };
  } catch {
    // Not there, or not a program of this machine: the next place is tried.
    return null;
  }
}
