import { describe, expect, test } from "vitest";
import { ProtocolError } from "../protocol-error.ts";
import {
  decodeEof,
  decodeErr,
  decodeOk,
  decodeResultHead,
  encodeEof,
  encodeErr,
  encodeOk,
  isEofPacket,
  isErrPacket,
} from "./result-packets.ts";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");

describe("packets captured from MariaDB 10.11 through mysql2 3.24.6", () => {
  test("OK of an UPDATE, info length-encoded", () => {
    const packet =
      "0000002200000028526f7773206d6174636865643a203020204368616e6765643a203020205761726e696e67733a2030";
    expect(decodeOk(hex(packet))).toEqual({
      status: 0x22,
      warnings: 0,
      affectedRows: 0n,
      insertId: 0n,
      info: "Rows matched: 0  Changed: 0  Warnings: 0",
    });
  });

  test("OK of USE with session tracking: the tracked state is not info", () => {
    expect(decodeOk(hex("00000002400000000b010908726f636b706f6f6c"))).toMatchObject({
      status: 0x4002,
      info: "",
    });
  });

  test("EOF", () => {
    expect(decodeEof(hex("fe00002200"))).toMatchObject({ status: 0x22, warnings: 0 });
  });
});

test("an OK whose info is not length-encoded is read to the end", () => {
  const info = Buffer.from("Rows matched: 1");
  expect(decodeOk(Buffer.concat([hex("00000002000000"), info])).info).toBe("Rows matched: 1");
});

test("an info of 300 bytes round-trips", () => {
  const end = { status: 2, warnings: 1, affectedRows: 3n, insertId: 4n, info: "x".repeat(300) };
  expect(decodeOk(encodeOk(end))).toEqual(end);
});

test("the insert id is unsigned up to 2^64-1", () => {
  const end = { status: 2, warnings: 0, affectedRows: 1n, insertId: 2n ** 64n - 1n, info: "" };
  expect(decodeOk(encodeOk(end)).insertId).toBe(18446744073709551615n);
});

test("ERR with SQLSTATE, and without (before authentication)", () => {
  const error = { errno: 1062, sqlState: "23000", message: "Duplicate entry 'ö' for key 'PRIMARY'" };
  expect(decodeErr(encodeErr(error))).toEqual(error);
  expect(decodeErr(hex("ff10046e6f"))).toEqual({ errno: 1040, sqlState: "HY000", message: "no" });
});

test("heads", () => {
  expect(decodeResultHead(hex("04"))).toEqual({ kind: "columns", count: 4 });
  expect(decodeResultHead(hex("fb2f746d70"))).toEqual({ kind: "local-infile" });
  expect(decodeResultHead(hex("ff10046e6f")).kind).toBe("error");
  expect(decodeResultHead(hex("00000002000000")).kind).toBe("ok");
  expect(() => decodeResultHead(hex("fdffffff"))).toThrow(ProtocolError);
  expect(() => decodeResultHead(hex(""))).toThrow(ProtocolError);
});

test("a row that starts with fe is not an EOF", () => {
  expect(isEofPacket(encodeEof({ status: 2, warnings: 0 }))).toBe(true);
  expect(isEofPacket(hex("fe0000000100000000"))).toBe(false);
  expect(isErrPacket(hex("ff1004"))).toBe(true);
});
