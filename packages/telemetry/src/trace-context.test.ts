import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatTraceparent, parseTraceparent, parseTracestate } from "./trace-context.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("traceparent", () => {
  test.each([
    ["sampled", `00-${TRACE}-${SPAN}-01`, true],
    ["not sampled", `00-${TRACE}-${SPAN}-00`, false],
    ["unknown flags beside sampled", `00-${TRACE}-${SPAN}-ff`, true],
    ["blanks around it", ` 00-${TRACE}-${SPAN}-01 `, true],
    ["a later version", `cc-${TRACE}-${SPAN}-01`, true],
    ["a later version with more fields", `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true],
  ])("%s", (_, header, sampled) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, parentId: SPAN, sampled });
  });

  test.each([
    ["none", undefined],
    ["empty", ""],
    ["version ff", `ff-${TRACE}-${SPAN}-01`],
    ["more fields in version 00", `00-${TRACE}-${SPAN}-01-x`],
    ["a later version with something glued on", `cc-${TRACE}-${SPAN}-01.x`],
    ["capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["too short", `00-${TRACE.slice(1)}-${SPAN}-01`],
    ["no flags", `00-${TRACE}-${SPAN}`],
    ["too long", `cc-${TRACE}-${SPAN}-01-${"x".repeat(600)}`],
    ["two of them", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
  ])("refused: %s", (_, header) => {
    expect(parseTraceparent(header)).toBeNull();
  });

  test(`what is formatted is parsed (SEED=${seed})`, () => {
    const hex = (length: number) =>
      fc
        .array(fc.nat(15), { minLength: length, maxLength: length })
        .map((digits) => digits.map((digit) => digit.toString(16)).join(""))
        .filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, parentId, sampled) => {
        const parent = { traceId, parentId, sampled };
        expect(parseTraceparent(formatTraceparent(parent))).toEqual(parent);
      }),
      { seed },
    );
  });

  test(`anything else is null, never an error (SEED=${seed})`, () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(parseTraceparent(text)).toBeNull();
      }),
      { seed },
    );
  });
});

describe("tracestate", () => {
  test.each([
    ["one member", "rojo=00f067aa0ba902b7", "rojo=00f067aa0ba902b7"],
    ["two, in their order", "congo=t61rcWkgMzE,rojo=1", "congo=t61rcWkgMzE,rojo=1"],
    ["blanks and empty members", " a=1 ,, b=2\t", "a=1,b=2"],
    ["a tenant", "fw529a3039@dt=FfffffffC", "fw529a3039@dt=FfffffffC"],
    ["none", undefined, ""],
    ["a malformed member drops all", "a=1,B=2", ""],
    ["a line break", "a=1\r\nx-y: z", ""],
    ["a key twice", "a=1,a=2", ""],
    ["an empty value", "a=", ""],
    ["an equals sign in a value", "a=b=c", ""],
    ["33 members", Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(","), ""],
    ["too long", `a=${"x".repeat(255)},b=${"x".repeat(255)},c=1`, ""],
  ])("%s", (_, header, expected) => {
    expect(parseTracestate(header)).toBe(expected);
  });
});
