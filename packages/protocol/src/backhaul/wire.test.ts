import fc from "fast-check";
import { expect, test } from "vitest";
import { PayloadReader, PayloadWriter } from "./wire.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

const field = fc.oneof(
  fc.nat(255).map((value) => ({ kind: "u8", value }) as const),
  fc.nat(2 ** 31 - 1).map((value) => ({ kind: "u32", value }) as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ kind: "u64", value }) as const),
  fc.double({ noNaN: true }).map((value) => ({ kind: "f64", value }) as const),
  fc.string({ unit: "grapheme", maxLength: 90 }).map((value) => ({ kind: "text", value }) as const),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({ kind: "bytes", value }) as const),
);

test("fields come back as they went, also where the buffer grows in the middle", () => {
  console.log(`wire: SEED=${seed}`);
  fc.assert(
    fc.property(fc.array(field, { maxLength: 200 }), (fields) => {
      const writer = new PayloadWriter();
      for (const { kind, value } of fields) {
        if (kind === "u8" || kind === "u32" || kind === "f64") writer[kind](value);
        else if (kind === "u64") writer.u64(value);
        else if (kind === "text") writer.text(value);
        else writer.bytes(value);
      }
      const reader = new PayloadReader(writer.finish());
      expect(fields.map(({ kind }) => reader[kind]())).toEqual(fields.map(({ value }) => value));
      reader.end();
    }),
    { seed },
  );
});

test("single bytes survive every growth of the buffer", () => {
  const writer = new PayloadWriter();
  for (let index = 0; index < 2_000; index++) writer.u8(index % 251);
  expect([...writer.finish()]).toEqual(Array.from({ length: 2_000 }, (_, index) => index % 251));
});
