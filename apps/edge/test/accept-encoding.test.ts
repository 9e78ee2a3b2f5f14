import { expect, test } from "vitest";
import { type Coding, parseAcceptEncoding } from "../src/http/accept-encoding.ts";

/** Each row: the header, the coding, whether an answer may come as it is. */
const CASES: readonly [header: string | undefined, coding: Coding | null, identity: boolean][] = [
  [undefined, null, true],
  ["", null, true],
  ["identity", null, true],
  ["gzip", "gzip", true],
  ["x-gzip", "gzip", true],
  ["gzip, deflate", "gzip", true],
  ["br, gzip, deflate", "br", true],
  ["br, gzip, deflate, zstd", "zstd", true],
  ["GZIP;Q=1", "gzip", true],
  ["zstd;q=0.5, br;q=0.8, gzip;q=0.8", "br", true],
  ["gzip;q=0", null, true],
  ["*", "zstd", true],
  ["zstd;q=0, *", "br", true],
  ["gzip;q=0.2, *;q=0.1", "gzip", true],
  ["*;q=0", null, true],
  ["gzip, *;q=0", "gzip", false],
  ["gzip, identity;q=0", "gzip", false],
  ["gzip;q=0.5, identity", null, true],
  ["gzip, identity;q=0.5", "gzip", true],
  ["deflate, identity;q=0", null, true],
  ["gzip;q=2", null, true],
  ["gzip;q=nan", null, true],
  [";;,, ,gzip", "gzip", true],
  [`gzip, ${"x".repeat(300)}`, null, true],
];

test.each(CASES)("%s", (header, coding, identity) => {
  for (let round = 0; round < 2; round++) expect(parseAcceptEncoding(header)).toEqual({ coding, identity });
});

test("made-up headers do not fill a memory", () => {
  for (let index = 0; index < 1_000; index++) parseAcceptEncoding(`gzip;q=0.${index}`);
  expect(parseAcceptEncoding("br").coding).toBe("br");
});
