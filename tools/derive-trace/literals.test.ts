import { expect, test } from "vitest";
import { dissect, splitList } from "./literals.ts";
import { formatInsert, parseInsert, parseTrace } from "./trace.ts";
import { countUnrecordedRows, modelUnrecordedRows } from "./unrecorded-rows.ts";

test.each([
  [
    "SELECT `t1`.* FROM `t1` WHERE `a2` = 7 LIMIT 1",
    "SELECT `t1`.* FROM `t1` WHERE `a2` = ? LIMIT ?",
    ["7", "1"],
  ],
  [
    "SELECT 1 FROM t WHERE a IN (1, -2,3.5) AND b = 'it\\'s, ''so'''",
    "SELECT ? FROM t WHERE a IN (?) AND b = ?",
    ["1", "1, -2,3.5", "'it\\'s, ''so'''"],
  ],
  [
    "SELECT * FROM t WHERE a IN ('x', 'y?') AND b = TRUE",
    "SELECT * FROM t WHERE a IN (?) AND b = TRUE",
    ["'x', 'y?'"],
  ],
])("%s", (sql, template, literals) => {
  expect(dissect(sql)).toEqual({ template, literals });
});

test("a list is split at its top level only", () => {
  expect(splitList("a, 'b, (c', f(d, 'e)'), `g,h`")).toEqual(["a", "'b, (c'", "f(d, 'e)')", "`g,h`"]);
});

test("an INSERT is taken apart and put together again", () => {
  const sql = "INSERT INTO `t` (`a`, `b`) VALUES ('x) VALUES (', -1.5) ON DUPLICATE KEY UPDATE `b` = `b` + 1";
  expect(parseInsert(sql).values).toEqual(["'x) VALUES ('", "-1.5"]);
  expect(formatInsert(parseInsert(sql))).toBe(sql);
});

test("rows from before the recording are copies with references moved back", () => {
  const trace = parseTrace(
    [
      "BEGIN",
      "INSERT INTO `stories` (`short_id`) VALUES ('abc')",
      "INSERT INTO `votes` (`story_id`) VALUES (2)",
      "COMMIT",
      "SELECT `stories`.* FROM `stories` WHERE `stories`.`id` = 1",
    ].join("\n"),
  );
  const offsets = countUnrecordedRows(trace);
  expect([...offsets]).toEqual([["stories", 1]]);
  expect(modelUnrecordedRows(trace, offsets)).toEqual([
    "INSERT INTO `stories` (`id`, `short_id`) VALUES (1, 'abc-0')",
    "INSERT INTO `votes` (`story_id`) VALUES (1)",
  ]);
  expect(trace.autocommitReads).toHaveLength(1);
});
