import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../protocol-error.ts";
import {
  decodeFeedMessage,
  decodeFeedRequest,
  decodeStatement,
  decodeStatementMessage,
  encodeFeedMessage,
  encodeFeedRequest,
  encodeFrame,
  encodeRowsFrame,
  encodeStatement,
  encodeStatementMessage,
  type Frame,
  FrameDecoder,
  RowStreamDecoder,
  type StatementRequest,
  writeRowLength,
} from "./index.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);

function splitAt(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return points.slice(1).map((point, index) => bytes.subarray(points[index], point));
}

function frames(input: Uint8Array[], max = 1 << 20): Frame[] {
  const decoder = new FrameDecoder(max);
  const seen: Frame[] = [];
  for (const chunk of input) {
    decoder.push(chunk, (frame) => seen.push({ type: frame.type, payload: Uint8Array.from(frame.payload) }));
  }
  return seen;
}

function only(bytes: Uint8Array): Frame {
  const [frame] = frames([bytes], 1 << 25);
  if (frame === undefined) throw new Error("no frame");
  return frame;
}

const request: StatementRequest = {
  requestId: "edge-1",
  trace: { traceparent: `00-${"a1".repeat(16)}-${"b2".repeat(8)}-01`, tracestate: "v=1" },
  instance: "origin-1",
  deadlineMs: 12_345.5,
  login: "app",
  schema: null,
  pin: "p1",
  autocommit: true,
  endsSession: true,
  lastInsertId: 2n ** 64n - 1n,
  variables: [{ name: "time_zone", value: "'+00:00'" }],
  sql: Uint8Array.of(0, 255, 10, 39),
};

describe("backhaul messages", () => {
  test("a statement comes back as it went", () => {
    expect(decodeStatement(only(encodeStatement(request)))).toEqual(request);
    const untraced = { ...request, trace: null };
    expect(decodeStatement(only(encodeStatement(untraced)))).toEqual(untraced);
  });

  test.each([
    { kind: "dispatched", dispatched: { epoch: "e", seq: 9, profile: "p", mayFill: true } },
    { kind: "columns", columns: [{ definition: Uint8Array.of(3, 1), json: true }] },
    {
      kind: "end",
      end: { status: 2, warnings: 1, affectedRows: 5n, insertId: 2n ** 63n, info: "é" },
      more: false,
    },
    { kind: "database-error", error: { errno: 1062, sqlState: "23000", message: "Duplicate entry" } },
    {
      kind: "finish",
      finish: {
        pin: null,
        inTransaction: false,
        lastInsertId: 0n,
        epoch: "e",
        seq: 10,
        change: { everything: false, schemas: [], tables: ["a.b"], keys: [] },
        mayFill: false,
      },
    },
    { kind: "failure", failure: { code: "pool-exhausted", lost: false, harmless: true } },
  ] as const)("$kind comes back as it went", (message) => {
    expect(decodeStatementMessage(only(encodeStatementMessage(message)))).toEqual(message);
  });

  test("feed messages come back as they went", () => {
    const hello = { kind: "hello", hello: { version: 1, epoch: null, applied: 0 } } as const;
    expect(decodeFeedRequest(only(encodeFeedRequest(hello)))).toEqual(hello);
    const settled = { kind: "settled", id: "d1", seq: 4 } as const;
    expect(decodeFeedMessage(only(encodeFeedMessage(settled)))).toEqual(settled);
  });

  test("any split of bytes gives the same frames", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (payloads, cuts) => {
          const whole = Buffer.concat(payloads.map((payload, index) => encodeFrame(index, payload)));
          expect(frames(splitAt(whole, cuts))).toEqual(frames([whole]));
          expect(frames([whole])).toHaveLength(payloads.length);
        },
      ),
      { seed },
    );
  });

  test("any bytes give messages or a ProtocolError, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          for (const frame of frames([bytes], 100)) decodeStatementMessage(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  test("mutated messages give messages or a ProtocolError", () => {
    const good = encodeStatement(request);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bad = good.slice();
        bad[at] = value;
        try {
          for (const frame of frames([bad], 1000)) decodeStatement(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { seed, numRuns: 1000 },
    );
  });

  test("a frame over the limit is refused before anything is allocated", () => {
    expect(() => frames([Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)], 1000)).toThrow(ProtocolError);
    expect(() => frames([Uint8Array.of(0, 0, 0, 0)], 1000)).toThrow(ProtocolError);
  });
});

describe("row stream", () => {
  test("any split gives the same rows, and the end inside a row shows", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (rows, cuts) => {
          const whole = Buffer.concat(
            rows.map((row) => {
              const bytes = new Uint8Array(4 + row.length);
              writeRowLength(bytes, 0, row.length);
              bytes.set(row, 4);
              return bytes;
            }),
          );
          const decoder = new RowStreamDecoder(1000);
          const seen: Uint8Array[] = [];
          for (const piece of splitAt(whole, cuts)) {
            const frame = only(encodeRowsFrame(piece));
            const message = decodeStatementMessage(frame);
            if (message.kind === "rows") decoder.push(message.piece, (row) => seen.push(row.slice()));
          }
          expect(seen).toEqual(rows);
          expect(decoder.isMidRow).toBe(false);
        },
      ),
      { seed },
    );
    const decoder = new RowStreamDecoder(10);
    decoder.push(Uint8Array.of(0, 0), () => {});
    expect(decoder.isMidRow).toBe(true);
    expect(() => new RowStreamDecoder(10).push(Uint8Array.of(0, 0, 1, 0), () => {})).toThrow(ProtocolError);
  });
});
