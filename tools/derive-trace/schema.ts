import type { ObservedColumn, ObservedTable } from "./columns.ts";

/** What no literal of the trace shows; the trace's own texts on new tags name three of these defaults. */
const OVERRIDES: Readonly<Record<string, string>> = {
  "tags.active": "TINYINT(1) NOT NULL DEFAULT TRUE",
  "tags.permit_by_new_users": "TINYINT(1) NOT NULL DEFAULT TRUE",
  "tags.privileged": "TINYINT(1) NOT NULL DEFAULT FALSE",
  "tags.hotness_mod": "DOUBLE NOT NULL DEFAULT 0",
  "users.karma": "INT NOT NULL DEFAULT 0",
  "users.pushover_mentions": "TINYINT(1) NOT NULL DEFAULT FALSE",
  "users.mailing_list_mode": "TINYINT(1) NOT NULL DEFAULT FALSE",
  "stories.twitter_id": "VARCHAR(64) NULL",
};

const COUNTERS = new Set(["score", "flags", "comments_count"]);
const TEXT_FROM_CHARS = 256;

/** The `CREATE TABLE` of one observed table. Inserted rows get ids from `firstId` on, as they did in the recording. */
export function formatTable(table: ObservedTable, firstId: number): string {
  const columns = [...table.columns.values()];
  const lines = columns.map((column) => `  \`${column.name}\` ${columnType(table, column)}`);
  lines.push(`  PRIMARY KEY (\`${table.primaryKey}\`)`);
  for (const column of columns) {
    const isIndexed =
      column.isLookedUp && column.name !== table.primaryKey && isIndexable(columnType(table, column));
    if (isIndexed) lines.push(`  KEY \`by_${column.name}\` (\`${column.name}\`)`);
  }
  const start = table.primaryKey === "id" && firstId > 1 ? ` AUTO_INCREMENT=${firstId}` : "";
  return `CREATE TABLE \`${table.name}\` (\n${lines.join(",\n")}\n) ENGINE=InnoDB${start} DEFAULT CHARSET=utf8mb4;\n`;
}

function columnType(table: ObservedTable, column: ObservedColumn): string {
  if (column.name === "id") return "BIGINT NOT NULL AUTO_INCREMENT";
  const override = OVERRIDES[`${table.name}.${column.name}`];
  if (override !== undefined) return override;
  const literals = [...column.literals].filter((literal) => literal !== "NULL");
  const isBoolean =
    literals.some((literal) => /^(TRUE|FALSE)$/.test(literal)) || /^(is_|user_is_)/.test(column.name);
  if (isBoolean) return "TINYINT(1) NOT NULL DEFAULT FALSE";
  if (COUNTERS.has(column.name)) return "INT NOT NULL DEFAULT 0";
  const isAlwaysGiven = column.insertCount === table.insertCount && !column.literals.has("NULL");
  return `${valueType(column.name, literals)} ${isAlwaysGiven || column.name === table.primaryKey ? "NOT NULL" : "NULL"}`;
}

function valueType(name: string, literals: readonly string[]): string {
  if (literals.length === 0) return typeByName(name);
  if (literals.every((literal) => /^'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d'$/.test(literal))) return "DATETIME";
  if (literals.every((literal) => /^-?\d+$/.test(literal))) return "BIGINT";
  if (literals.every((literal) => /^-?\d+(\.\d+)?$/.test(literal))) return decimalType(literals);
  const longest = Math.max(...literals.map((literal) => literal.length - 2));
  return longest < TEXT_FROM_CHARS && !/comment|description|body/.test(name) ? "VARCHAR(255)" : "MEDIUMTEXT";
}

function typeByName(name: string): string {
  if (name.endsWith("_at")) return "DATETIME";
  if (name.endsWith("_id")) return "BIGINT";
  return "VARCHAR(255)";
}

function decimalType(literals: readonly string[]): string {
  const scale = Math.max(...literals.map((literal) => (literal.split(".")[1] ?? "").length));
  const whole = Math.max(...literals.map((literal) => (literal.split(".")[0] ?? "").replace("-", "").length));
  // Room for numbers ten thousand times as large as the recorded ones.
  return `DECIMAL(${whole + 4 + scale},${scale})`;
}

/** A flag tells too little for an index, a long text is too long for one. */
function isIndexable(type: string): boolean {
  return !/^(MEDIUMTEXT|TINYINT)/.test(type);
}
