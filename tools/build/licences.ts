import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The file of a package that holds its licence. */
const LICENCE_FILE = /^(licen[cs]e|copying)(\.(md|txt|markdown))?$/i;

/** The licences of the packages in these folders, one after the other, each package once. Throws for one that has none. */
export function formatLicences(folders: readonly string[]): string {
  const entries = new Map<string, string>();
  for (const folder of folders) {
    const { name, version, license, text } = readPackage(folder);
    entries.set(`${name} ${version}`, `${name} ${version}\nLicence: ${license}\n\n${text.trim()}\n`);
  }
  const rule = `\n${"-".repeat(78)}\n\n`;
  const head =
    "Rockpool is licensed under Apache-2.0. The files beside this one contain code of these packages:\n";
  return [
    head,
    ...[...entries].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, text]) => text),
  ].join(rule);
}

function readPackage(folder: string): { name: string; version: string; license: string; text: string } {
  const manifest: { name: string; version: string; license?: string } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const { name, version, license } = manifest;
  if (license === undefined) throw new Error(`${name} says nothing of its licence`);
  const file = readdirSync(folder).find((each) => LICENCE_FILE.test(each));
  if (file === undefined) throw new Error(`${name} ships no licence text: find out what it wants shipped`);
  const text = readFileSync(join(folder, file), "utf8");
  return { name, version, license, text };
}
