import { expect, test } from "vitest";
import { parseRequestId } from "./request-id.ts";

test.each(["a", "7f3c9a10-4b", "Root=1".replace("=", "-"), "a.b_c-D", "x".repeat(64)])(
  "%s is taken",
  (id) => {
    expect(parseRequestId(id)).toBe(id);
  },
);

test.each([undefined, "", "x".repeat(65), "a b", "a\r\nrockpool-cache: hit", 'a"b', "é", "a=b", "a,b"])(
  "%j is not",
  (id) => {
    expect(parseRequestId(id)).toBeNull();
  },
);
