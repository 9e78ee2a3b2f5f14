import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const SYSTEM_FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin", "/sbin"];

/** The full name of a program on this machine; null = not installed. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/**
 * The full names of programs, after installing the Debian packages that bring them if one is missing and this is root
 * on Debian. Throws with what to install when that does not help.
 */
export function provideProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== null) return found;
  const advice = `apt-get install --no-install-recommends ${debianPackage}`;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) {
    throw new Error(`${name} is not installed; this test needs it: ${advice}`);
  }
  process.stderr.write(`installing what is missing: ${advice}\n`);
  apt("update");
  apt("install", "-y", "--no-install-recommends", debianPackage);
  const installed = findProgram(name);
  if (installed === null) throw new Error(`${debianPackage} was installed and brought no ${name}`);
  return installed;
}

function apt(...args: readonly string[]): void {
  execFileSync("apt-get", ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
