import fc from "fast-check";
import { expect, test } from "vitest";
import { RowCounter, writeRowLength } from "./index.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

test(`rows are counted however the stream is cut (SEED=${seed})`, () => {
  const rows = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 50 }), (payloads, step) => {
      const stream = Buffer.concat(
        payloads.map((payload) => {
          const row = new Uint8Array(4 + payload.length);
          writeRowLength(row, 0, payload.length);
          row.set(payload, 4);
          return row;
        }),
      );
      const counter = new RowCounter();
      for (let at = 0; at < stream.length; at += step) counter.push(stream.subarray(at, at + step));
      expect(counter.count).toBe(payloads.length);
    }),
    { seed },
  );
});
