/** Reads a text file; throws as `node:fs` does. Apps give it: this package reads nothing itself. */
export type ReadFile = (name: string) => string;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "names a file that does not exist",
  ENOTDIR: "names a file that does not exist",
  EACCES: "names a file that this user may not read",
  EPERM: "names a file that this user may not read",
  EISDIR: "names a folder",
};

/** Why a file could not be read, without its name: a secret may have been put where its file's name belongs. */
export function describeReadFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS[code] ?? "names a file that cannot be read";
  return code === "" ? reason : `${reason} (${code})`;
}
