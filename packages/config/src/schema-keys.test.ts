import { describe, expect, test } from "vitest";
import { EDGE_SCHEMA } from "./edge-schema.ts";
import { formatConfigReference } from "./format-reference.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { envNameOf, listConfigKeys } from "./schema-keys.ts";

describe.each([
  ["edge", EDGE_SCHEMA],
  ["origin", ORIGIN_SCHEMA],
])("%s", (_, schema) => {
  const keys = listConfigKeys(schema);

  test("every key has one sentence of meaning", () => {
    for (const key of keys) expect(key.meaning, key.path).toMatch(/^\S.*\.$/);
  });

  test("every variable belongs to one key", () => {
    const names = keys.flatMap(({ env }) => (env === null ? [] : [env]));
    expect(new Set(names).size).toBe(names.length);
  });

  test("every number has a range and its default lies inside", () => {
    for (const key of keys.filter(({ type }) => type === "integer")) {
      const [min = Number.NaN, max = Number.NaN] = key.range.split(" to ").map(Number);
      expect(Number(key.fallback), key.path).toBeGreaterThanOrEqual(min);
      expect(Number(key.fallback), key.path).toBeLessThanOrEqual(max);
    }
  });

  test("every duration and size says its unit last", () => {
    const names = keys.map(({ path }) => path.slice(path.lastIndexOf(".") + 1));
    const unnamed = names.filter(
      (name) =>
        (/timeout|age|bound|interval/i.test(name) && !name.endsWith("Ms")) ||
        (/size/i.test(name) && !name.endsWith("Bytes")),
    );
    expect(unnamed).toEqual([]);
  });
});

test("variable names are the path in capitals", () => {
  expect(envNameOf("database.tls.caFile")).toBe("ROCKPOOL_DATABASE_TLS_CA_FILE");
});

test("the reference page has a row for every key", () => {
  const page = formatConfigReference();
  for (const key of [...listConfigKeys(EDGE_SCHEMA), ...listConfigKeys(ORIGIN_SCHEMA)]) {
    expect(page).toContain(`| \`${key.path}\``);
  }
  expect(page).toContain("required with `logins[].account`");
});
