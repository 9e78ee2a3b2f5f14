// Runs before anything is installed, on whatever Node started npm (18 or later): plain JavaScript, Node builtins only.
// Everything goes to standard error, because `npm run stack` owns standard output.
import { execFileSync, spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SERVER_FOLDERS = [
  "/usr/sbin",
  "/usr/bin",
  "/usr/libexec",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/local/mysql/bin",
  "/usr/local/mariadb/bin",
  "/opt/homebrew/bin",
  "/opt/homebrew/opt/mariadb/bin",
  "/usr/local/opt/mariadb/bin",
];

const missing = [];
if (!hasDatabase()) missing.push("a MariaDB server (mariadbd, mariadb-install-db)");
if (!hasAtomicLibrary()) missing.push("libatomic (Node 26 needs it)");
if (missing.length > 0) provide();
if (process.argv.includes("--promtool") && !hasPromtool()) providePromtool();

/** Prometheus's own linter of metrics and rules, for the long test lane. */
function hasPromtool() {
  return hasProgram(["promtool"]) || existsSync(promtoolPath());
}

/** Where the tests look for it beside PATH. */
function promtoolPath() {
  return fileURLToPath(new URL("../node_modules/.cache/rockpool/promtool", import.meta.url));
}

/** Out of Debian's package, which is only unpacked: installing it would start a server. */
function providePromtool() {
  const folder = mkdtempSync(join(tmpdir(), "rockpool-promtool-"));
  try {
    if (!canUseApt()) throw new Error("this is no Debian, or not run by root");
    say("unpacking promtool from Debian's package prometheus");
    runApt(["update"]);
    execFileSync("apt-get", ["-qq", "download", "prometheus"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [file] = readdirSync(folder);
    execFileSync("dpkg-deb", ["-x", join(folder, file), join(folder, "x")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    mkdirSync(dirname(promtoolPath()), { recursive: true });
    copyFileSync(join(folder, "x/usr/bin/promtool"), promtoolPath());
  } catch (error) {
    say(`promtool is missing, and could not be had: ${String(error.stderr || error.message).trim()}`);
    say("  the tests of metrics and alerting rules will fail without it. Any one of these helps:");
    say("  Debian, Ubuntu:  sudo apt-get install prometheus      macOS:  brew install prometheus");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function provide() {
  if (!canUseApt()) {
    explain();
    process.exit(1);
  }
  say(`installing what is missing through apt: ${missing.join(", ")}`);
  try {
    runApt(["update"]);
    runApt([
      "install",
      "-y",
      "--no-install-recommends",
      "mariadb-server-core",
      "mariadb-client-core",
      "libatomic1",
    ]);
  } catch (error) {
    say(
      `apt-get failed: ${String(error.stderr || error.message)
        .trim()
        .split("\n")
        .slice(-3)
        .join(" | ")}`,
    );
    explain();
    process.exit(1);
  }
  if (hasDatabase() && hasAtomicLibrary()) return;
  explain();
  process.exit(1);
}

/** The user's own server, or the two programs that a private one needs. */
function hasDatabase() {
  if (process.env.DATABASE_URL) return true;
  return hasProgram(["mariadbd", "mysqld"]) && hasProgram(["mariadb-install-db", "mysql_install_db"]);
}

function hasProgram(names) {
  const folders = [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), ...SERVER_FOLDERS];
  return names.some((name) => folders.some((folder) => isExecutable(join(folder, name))));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Asks the loader's cache; without one (musl, other systems) the question is left to Node itself. */
function hasAtomicLibrary() {
  if (process.platform !== "linux") return true;
  const ldconfig = ["/sbin/ldconfig", "/usr/sbin/ldconfig"].find((path) => existsSync(path));
  if (ldconfig === undefined) return true;
  const result = spawnSync(ldconfig, ["-p"], { encoding: "utf8" });
  return result.status !== 0 || result.stdout.includes("libatomic.so.1");
}

function canUseApt() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && hasProgram(["apt-get"]);
}

function runApt(args) {
  execFileSync("apt-get", ["-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
}

function explain() {
  say(`this is missing: ${missing.join(", ")}. Any one of these helps:`);
  say(
    "  Debian, Ubuntu:  sudo apt-get install --no-install-recommends mariadb-server-core mariadb-client-core libatomic1",
  );
  say("  Fedora, RHEL:    sudo dnf install mariadb-server libatomic");
  say("  macOS:           brew install mariadb");
  say(
    "  Docker:          docker run -d -p 127.0.0.1:3306:3306 -e MARIADB_ROOT_PASSWORD=secret mariadb:11.4 --log-bin --binlog-format=ROW",
  );
  say("                   export DATABASE_URL=mysql://root:secret@127.0.0.1:3306/rockpool");
  say("  your own server: export DATABASE_URL=mysql://user:password@host:3306/database");
}

function say(line) {
  process.stderr.write(`rockpool: ${line}\n`);
}
