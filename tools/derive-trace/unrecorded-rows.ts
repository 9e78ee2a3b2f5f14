import { formatInsert, type Trace, type TraceInsert } from "./trace.ts";

/**
 * The recording starts on a database that is already filled: its first new story has id 221. What was there is not
 * recorded, so it is modelled: row `i` of the unrecorded part is a copy of the recorded row `offset + i`, with its
 * references moved back alike. Reads and updates of old ids then find rows as the recording did.
 */

/** Where each reference column points. */
const REFERENCES: Readonly<Record<string, string>> = {
  user_id: "users",
  story_id: "stories",
  comment_id: "comments",
  parent_comment_id: "comments",
  domain_id: "domains",
  tag_id: "tags",
  category_id: "categories",
};

/** Rows of these belong to the rows they refer to; their own ids are never mentioned. */
const DEPENDENT_TABLES = ["taggings", "votes"];

/** Names that a copy must not share with its original. */
const DISTINCT_NAMES = new Set([
  "username",
  "email",
  "session_token",
  "rss_token",
  "mailing_list_token",
  "tag",
  "category",
  "domain",
  "short_id",
]);

/** How many rows each referenced table had before the recording: the highest id it mentions less the rows it adds. */
export function countUnrecordedRows(trace: Trace): Map<string, number> {
  const highestId = new Map<string, number>();
  const insertCount = new Map<string, number>();
  const see = (table: string, value: string): void => {
    if (/^\d+$/.test(value)) highestId.set(table, Math.max(highestId.get(table) ?? 0, Number(value)));
  };
  for (const insert of trace.inserts) {
    insertCount.set(insert.table, (insertCount.get(insert.table) ?? 0) + 1);
    insert.columns.forEach((column, index) => {
      const table = REFERENCES[column];
      if (table !== undefined) see(table, insert.values[index] ?? "");
    });
  }
  for (const statement of trace.statements) {
    for (const [, table, id] of statement.matchAll(/`(\w+)`\.`id` = (\d+)/g)) see(table ?? "", id ?? "");
  }
  return new Map([...highestId].map(([table, highest]) => [table, highest - (insertCount.get(table) ?? 0)]));
}

/** The INSERTs that model the unrecorded rows, parents first. */
export function modelUnrecordedRows(trace: Trace, offsets: ReadonlyMap<string, number>): string[] {
  const statements: string[] = [];
  for (const [table, offset] of offsets) {
    const recorded = trace.inserts.filter((insert) => insert.table === table);
    for (let id = 1; id <= offset; id += 1) {
      const original = recorded[(id - 1) % recorded.length];
      if (original === undefined) throw new Error(`${table} has rows before the recording but none in it`);
      const copy = moveBack(original, offsets);
      statements.push(
        formatInsert({ ...copy, columns: ["id", ...copy.columns], values: [String(id), ...copy.values] }),
      );
    }
  }
  for (const insert of trace.inserts) {
    if (!DEPENDENT_TABLES.includes(insert.table)) continue;
    const copy = moveBack(insert, offsets);
    if (refersToUnrecordedRow(insert, copy, offsets)) statements.push(formatInsert(copy));
  }
  return statements;
}

function moveBack(insert: TraceInsert, offsets: ReadonlyMap<string, number>): TraceInsert {
  const values = insert.columns.map((column, index) => {
    const value = insert.values[index] ?? "NULL";
    const offset = offsets.get(REFERENCES[column] ?? "") ?? 0;
    if (/^\d+$/.test(value) && offset > 0) return String(((Number(value) - 1) % offset) + 1);
    return DISTINCT_NAMES.has(column) ? value.replace(/'$/, "-0'") : value;
  });
  return { ...insert, values };
}

/** A dependent row is copied when what it hangs on, the comment or else the story, has a copy of its own. */
function refersToUnrecordedRow(
  original: TraceInsert,
  copy: TraceInsert,
  offsets: ReadonlyMap<string, number>,
): boolean {
  const owner = original.columns.includes("comment_id") ? "comment_id" : "story_id";
  const index = original.columns.indexOf(owner);
  const offset = offsets.get(REFERENCES[owner] ?? "") ?? 0;
  return Number(original.values[index]) === Number(copy.values[index]) + offset;
}
