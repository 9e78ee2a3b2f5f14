// Derives the demo's workload from the recorded Rails trace: node tools/derive-trace.ts TRACE [FOLDER]
// The trace is Vitess's go/vt/sqlparser/testdata/lobsters.sql.gz, unpacked, one statement a line.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { observeTables } from "./derive-trace/columns.ts";
import { deriveOwnWrites } from "./derive-trace/own-writes.ts";
import { groupReads } from "./derive-trace/reads.ts";
import { formatTable } from "./derive-trace/schema.ts";
import { parseTrace } from "./derive-trace/trace.ts";
import { countUnrecordedRows, modelUnrecordedRows } from "./derive-trace/unrecorded-rows.ts";

const SCHEMA_HEAD =
  "-- Derived from the statements of a recorded trace by tools/derive-trace.ts: do not edit. See NOTICE.md.\n";

function derive(text: string, folder: string): void {
  const trace = parseTrace(text);
  const tables = observeTables(trace);
  const offsets = countUnrecordedRows(trace);
  const schema = [...tables.values()].map((table) => formatTable(table, (offsets.get(table.name) ?? 0) + 1));
  const unrecorded = modelUnrecordedRows(trace, offsets);
  const reads = groupReads(trace.autocommitReads);
  const rowCounts = new Map(
    [...tables].map(([name, table]) => [name, table.insertCount + (offsets.get(name) ?? 0)] as const),
  );

  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Buffer): void => {
    writeFileSync(join(folder, name), content);
    process.stdout.write(`${name}: ${content.length} bytes\n`);
  };
  write("schema.sql", `${SCHEMA_HEAD}\n${schema.join("\n")}`);
  write("unrecorded-rows.sql.gz", gzipLines(unrecorded));
  write("writes.sql.gz", gzipLines(trace.writes));
  write("reads.json", formatJson({ templates: reads }, 3));
  write("own-writes.json", formatJson(deriveOwnWrites(trace, rowCounts), 2));
  process.stdout.write(
    `${tables.size} tables, ${unrecorded.length} unrecorded rows, ${trace.writes.length} writes, ${reads.length} read templates of ${trace.autocommitReads.length} reads\n`,
  );
}

function gzipLines(lines: readonly string[]): Buffer {
  return gzipSync(`${lines.join("\n")}\n`, { level: 9 });
}

/** JSON with a line break down to `depth` levels, so that a diff shows what changed and the file stays small. */
function formatJson(value: unknown, depth: number): string {
  const format = (each: unknown, level: number): string => {
    if (level >= depth || typeof each !== "object" || each === null) return JSON.stringify(each);
    const indent = " ".repeat(level + 1);
    const parts = Array.isArray(each)
      ? each.map((element) => `${indent}${format(element, level + 1)}`)
      : Object.entries(each).map(
          ([key, element]) => `${indent}${JSON.stringify(key)}: ${format(element, level + 1)}`,
        );
    const [open, close] = Array.isArray(each) ? "[]" : "{}";
    return `${open}\n${parts.join(",\n")}\n${" ".repeat(level)}${close}`;
  };
  return `${format(value, 0)}\n`;
}

const [tracePath, folder = "apps/demo/workload"] = process.argv.slice(2);
if (tracePath === undefined) {
  process.stderr.write("usage: node tools/derive-trace.ts TRACE [FOLDER]\n");
  process.exit(2);
}
derive(readFileSync(tracePath, "utf8"), folder);
