/** Any bytes give messages or `ProtocolError`, and whatever is encoded decodes to itself. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyOptions } from "../../test/property-seed.ts";
import { ProtocolError } from "../protocol-error.ts";
import {
  decodeColumnDefinition,
  decodeEof,
  decodeErr,
  decodeOk,
  decodeResultHead,
  decodeTextRow,
  encodeColumnDefinition,
  encodeEof,
  encodeErr,
  encodeOk,
  encodeTextRow,
  PacketReader,
  PacketWriter,
  stripExtendedMetadata,
} from "./index.ts";

const uint16 = fc.integer({ min: 0, max: 65_535 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint8 = fc.integer({ min: 0, max: 255 });
const text = fc.string({ unit: "grapheme", maxLength: 300 });
const column = fc.record({
  catalog: fc.constant("def"),
  schema: text,
  table: text,
  orgTable: text,
  name: text,
  orgName: text,
  charset: uint16,
  columnLength: uint32,
  type: uint8,
  flags: uint16,
  decimals: uint8,
});
const cells = fc.array(fc.option(fc.uint8Array({ maxLength: 400 })), { minLength: 1, maxLength: 20 });

test("any bytes: a message or ProtocolError", () => {
  const decoders: readonly ((payload: Uint8Array) => unknown)[] = [
    decodeColumnDefinition,
    decodeOk,
    decodeEof,
    decodeErr,
    decodeResultHead,
    (payload) => stripExtendedMetadata(payload, true),
    (payload) => decodeTextRow(payload, 3),
    (payload) => new PacketReader(payload).lenencText(),
  ];
  const header = fc.constantFrom(0x00, 0x03, 0xfb, 0xfc, 0xfd, 0xfe, 0xff);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.tuple(header, fc.uint8Array({ maxLength: 64 })).map(([lead, rest]) => Uint8Array.of(lead, ...rest)),
  );
  fc.assert(
    fc.property(bytes, fc.constantFrom(...decoders), (payload, decode) => {
      try {
        decode(payload);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    propertyOptions(3000),
  );
});

test("every truncation of a column definition is a ProtocolError", () => {
  fc.assert(
    fc.property(column, fc.nat(), (definition, cut) => {
      const payload = encodeColumnDefinition(definition);
      expect(() => decodeColumnDefinition(payload.subarray(0, cut % payload.length))).toThrow(ProtocolError);
    }),
    propertyOptions(),
  );
});

test("column definitions round-trip, and an extended block is removed without a trace", () => {
  const entries = fc.array(fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom("json", "uuid", "point", "")), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(column, entries, (definition, block) => {
      const payload = encodeColumnDefinition(definition);
      expect(decodeColumnDefinition(payload)).toEqual(definition);
      const writer = new PacketWriter();
      for (const [kind, value] of block) writer.uint8(kind).lenencText(value);
      const blockAt = payload.length - 13;
      const extended = new PacketWriter()
        .bytes(payload.subarray(0, blockAt))
        .lenencBytes(writer.finish())
        .bytes(payload.subarray(blockAt))
        .finish();
      expect(stripExtendedMetadata(extended, true)).toEqual({
        definition: payload,
        json: block.some(([kind, value]) => kind === 1 && value === "json"),
      });
      expect(stripExtendedMetadata(payload, false)).toEqual({ definition: payload, json: false });
      expect(() => decodeColumnDefinition(extended)).toThrow(ProtocolError);
    }),
    propertyOptions(),
  );
});

test("rows round-trip, and are refused under another column count", () => {
  fc.assert(
    fc.property(cells, (row) => {
      const payload = encodeTextRow(row);
      const decoded = decodeTextRow(payload, row.length);
      expect(decoded.map((cell) => cell && [...cell])).toEqual(row.map((cell) => cell && [...cell]));
      expect(() => decodeTextRow(payload, row.length + 1)).toThrow(ProtocolError);
      if (row.length > 1) expect(() => decodeTextRow(payload, row.length - 1)).toThrow(ProtocolError);
    }),
    propertyOptions(),
  );
});

test("OK, EOF and ERR round-trip", () => {
  const end = fc.record({
    status: uint16,
    warnings: uint16,
    affectedRows: uint64,
    insertId: uint64,
    info: text,
  });
  const state = fc.string({
    unit: fc.constantFrom(..."0123456789ABCHYZ".split("")),
    minLength: 5,
    maxLength: 5,
  });
  fc.assert(
    fc.property(end, fc.record({ errno: uint16, sqlState: state, message: text }), (ok, error) => {
      expect(decodeOk(encodeOk(ok))).toEqual(ok);
      expect(decodeEof(encodeEof(ok))).toMatchObject({ status: ok.status, warnings: ok.warnings });
      expect(decodeErr(encodeErr(error))).toEqual(error);
    }),
    propertyOptions(),
  );
});

test("length-encoded integers round-trip in every width", () => {
  fc.assert(
    fc.property(
      fc.oneof(uint64, fc.bigInt({ min: 0n, max: 2n ** 24n }), fc.bigInt({ min: 0n, max: 70_000n })),
      (value) => {
        const reader = new PacketReader(new PacketWriter().lenenc(value).finish());
        expect(reader.lenencBigInt()).toBe(value);
        expect(reader.remaining).toBe(0);
      },
    ),
    propertyOptions(2000),
  );
});
