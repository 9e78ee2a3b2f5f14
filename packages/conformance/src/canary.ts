import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Something that must be in no log, no metric and no answer to anybody else. */
export interface Secret {
  /** What it is, for the report. */
  readonly what: string;
  readonly text: string;
}

/** A place where it was all the same. */
export interface Leak {
  readonly where: string;
  readonly what: string;
  /** The line, with what must not be in it replaced. */
  readonly line: string;
}

/** Begins every password and literal that tests plant. */
export const CANARY = "canary-";
/** Where runs put what they scanned; set by the global setup of a test lane. */
export const CANARY_FOLDER_VARIABLE = "ROCKPOOL_TEST_CANARY_DIR";

/** Shorter values are words that stand in any text. */
const SECRET_LENGTH_MIN = 6;
const LINE_SHOWN_MAX = 400;

/** All secrets of a configuration, and what is made of them: Basic credentials, the key of session tokens. */
export function secretsIn(config: unknown): Secret[] {
  const secrets: Secret[] = [];
  visit(config, "", secrets);
  return secrets.filter(({ text }) => text.length >= SECRET_LENGTH_MIN);
}

function visit(value: unknown, path: string, secrets: Secret[]): void {
  if (typeof value !== "object" || value === null) return;
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const [name, member] of entries) {
    const what = path === "" ? name : `${path}.${name}`;
    if (typeof member !== "string") visit(member, what, secrets);
    else if (/^(password|passwordHash|sharedSecret)$/.test(name)) {
      secrets.push({ what, text: member });
      if (name === "sharedSecret")
        secrets.push({ what: "the key of session tokens", text: tokenKey(member) });
      const user = entries.get("name");
      if (name === "password" && typeof user === "string") {
        const basic = Buffer.from(`${user}:${member}`).toString("base64");
        secrets.push({ what: `Basic credentials of ${user}`, text: basic });
      }
    }
  }
}

/** As the origin makes it. */
function tokenKey(sharedSecret: string): string {
  return createHmac("sha256", sharedSecret).update("rockpool/session-token/1").digest("hex");
}

/** base64url(payload).base64url(HMAC-SHA-256): a session's signature, whoever's. */
const SIGNATURE = /[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/;
/** Text of a statement. Templates of the log are looked at without this. */
const SQL =
  /\b(?:SELECT\s.+\sFROM\s|INSERT\s+INTO\s|REPLACE\s+INTO\s|DELETE\s+FROM\s|UPDATE\s+\S+\s+SET\s|CREATE\s+(?:TABLE|USER)\s|DROP\s+TABLE\s|ALTER\s+TABLE\s|CALL\s+\w+\(|SELECT\s+[\d'"@])/i;

/** What of `text` must not be there. `isLog`: lines of a log, which may hold templates but no statement. */
export function findLeaks(where: string, text: string, secrets: readonly Secret[], isLog: boolean): Leak[] {
  const leaks: Leak[] = [];
  for (const line of text.split("\n")) {
    for (const secret of secrets) {
      if (line.includes(secret.text)) leaks.push(leak(where, secret.what, line.replaceAll(secret.text, "▇")));
    }
    if (line.includes(CANARY)) leaks.push(leak(where, "a planted value", line));
    if (!isLog) continue;
    if (SIGNATURE.test(line)) leaks.push(leak(where, "a session's signature", line.replace(SIGNATURE, "▇")));
    if (SQL.test(withoutTemplate(line))) leaks.push(leak(where, "a statement's text", line));
  }
  return leaks;
}

function leak(where: string, what: string, line: string): Leak {
  return { where, what, line: line.slice(0, LINE_SHOWN_MAX) };
}

function withoutTemplate(line: string): string {
  return line.replace(/"template":"(?:[^"\\]|\\.)*"/, "");
}

/** What one process said, as the report of the whole run counts it. */
export interface CanaryReport {
  readonly name: string;
  readonly byteCount: number;
  readonly leaks: readonly Leak[];
}

let reportCount = 0;

/** Leaves a report for the end of the run, which looks at all of them. */
export function leaveReport(report: CanaryReport): void {
  const folder = process.env[CANARY_FOLDER_VARIABLE];
  if (folder === undefined) return;
  reportCount += 1;
  writeFileSync(join(folder, `${process.pid}-${reportCount}.json`), JSON.stringify(report));
}
