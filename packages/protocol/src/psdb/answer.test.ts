/** Whole answers, read by the unmodified driver. */
import { ERROR_TABLE, type ErrorCode, RockpoolError } from "@rockpool/base";
import { connect, DatabaseError, type ExecutedQuery } from "@planetscale/database";
import { describe, expect, test } from "vitest";
import { encodeColumnDefinition, encodeTextRow } from "../mysql/index.ts";
import {
  type AnswerTail,
  closeAnswer,
  closeResult,
  createRowEncoder,
  encodeAnswer,
  encodeErrorBody,
  encodeFields,
  encodeHttpErrorBody,
  encodeOkResult,
  encodeSession,
  openAnswer,
  openResult,
  psdbErrorCode,
} from "./index.ts";

const QUIET: AnswerTail = { errorText: null, sessionText: null, timingSeconds: 0 };
const DUPLICATE = { errno: 1062, sqlState: "23000", message: "Duplicate entry 'é' for key 'PRIMARY'" };
/** How Prisma's adapter takes a message apart. */
const PRISMA_FORM = /^(.*) \(errno (\d+)\) \(sqlstate ([A-Z0-9]+)\)/;

async function execute(body: string, status = 200): Promise<ExecutedQuery> {
  const connection = connect({ host: "edge.invalid", fetch: async () => new Response(body, { status }) });
  return connection.execute("SELECT 1");
}

function resultText(rowCount: number): string {
  const definition = encodeColumnDefinition({
    catalog: "def",
    schema: "",
    table: "",
    orgTable: "",
    name: "n",
    orgName: "",
    charset: 63,
    columnLength: 20,
    type: 8,
    flags: 0,
    decimals: 0,
  });
  const rows = createRowEncoder(1);
  const pieces = Array.from({ length: rowCount }, (_, index) =>
    rows.push(encodeTextRow([Buffer.from(String(index))])),
  );
  return (
    openResult(encodeFields([{ definition, json: false }])) +
    pieces.flat().join("") +
    rows.end() +
    closeResult()
  );
}

describe("results", () => {
  test("rows, session and timing, in this order", async () => {
    const session = encodeSession("sig.nature", {
      autocommit: true,
      inTransaction: false,
      sessionUuid: "u",
      foundRows: 1n,
      rowCount: -1n,
    });
    const body = encodeAnswer(resultText(1), {
      errorText: null,
      sessionText: session,
      timingSeconds: 0.0043,
    });
    expect(body).toBe(
      '{"result":{"fields":[{"name":"n","type":"INT64","columnLength":20,"charset":63}],' +
        '"rows":[{"lengths":["1"],"values":"MA=="}]},' +
        '"session":{"signature":"sig.nature","vitessSession":{"autocommit":true,' +
        '"options":{"includedFields":"ALL","clientFoundRows":true},"foundRows":"1","rowCount":"-1",' +
        '"DDLStrategy":"direct","SessionUUID":"u","enableSystemSettings":true}},"timing":0.0043}',
    );
    const executed = await execute(body);
    expect(executed.rows).toEqual([{ n: "0" }]);
    expect(executed.time).toBeCloseTo(4.3);
    expect([executed.rowsAffected, executed.insertId]).toEqual([0, "0"]);
  });

  test("no rows: no `rows`", async () => {
    expect(resultText(0)).not.toContain("rows");
    expect((await execute(encodeAnswer(resultText(0), QUIET))).rows).toEqual([]);
  });

  test("an insert id of 2^63 and more is unsigned", async () => {
    const text = encodeOkResult({ affectedRows: 2n, insertId: 2n ** 63n });
    expect(text).toBe('{"rowsAffected":"2","insertId":"9223372036854775808"}');
    expect(encodeOkResult({ affectedRows: 0n, insertId: BigInt.asIntN(64, 2n ** 64n - 1n) })).toBe(
      '{"insertId":"18446744073709551615"}',
    );
    const executed = await execute(encodeAnswer(text, QUIET));
    expect([executed.rowsAffected, executed.insertId]).toEqual([2, "9223372036854775808"]);
  });

  test("a statement that did nothing: {}", async () => {
    expect(encodeAnswer(encodeOkResult({ affectedRows: 0n, insertId: 0n }), QUIET)).toBe('{"result":{}}');
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("timing %d is left out", (timingSeconds) => {
    expect(encodeAnswer("{}", { ...QUIET, timingSeconds })).toBe('{"result":{}}');
  });

  test("the session of an open transaction, autocommit off", () => {
    const text = encodeSession("s", {
      autocommit: false,
      inTransaction: true,
      sessionUuid: "é",
      lastInsertId: 2n ** 64n - 1n,
    });
    expect(text).toBe(
      '{"signature":"s","vitessSession":{"autocommit":false,"inTransaction":true,' +
        '"options":{"includedFields":"ALL","clientFoundRows":true},"lastInsertId":"18446744073709551615",' +
        '"DDLStrategy":"direct","SessionUUID":"\\u00e9","enableSystemSettings":true}}',
    );
  });
});

describe("errors", () => {
  test("a database error keeps its text, for the driver and for Prisma's pattern", async () => {
    const body = encodeAnswer(null, { ...QUIET, errorText: encodeErrorBody(DUPLICATE) });
    const error: unknown = await execute(body).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({
      message: "Duplicate entry 'é' for key 'PRIMARY' (errno 1062) (sqlstate 23000)",
      status: 400,
      body: { code: "ALREADY_EXISTS" },
    });
    expect(PRISMA_FORM.exec((error as Error).message)?.slice(1)).toEqual([
      DUPLICATE.message,
      "1062",
      "23000",
    ]);
  });

  test("an error after rows were sent is thrown all the same, and its session kept", async () => {
    const bodies = [
      openAnswer() +
        resultText(3) +
        closeAnswer({
          errorText: encodeErrorBody(DUPLICATE),
          sessionText: '{"signature":"kept"}',
          timingSeconds: 1,
        }),
      encodeAnswer("{}", QUIET),
    ];
    const sent: string[] = [];
    const connection = connect({
      host: "edge.invalid",
      fetch: async (_url, init) => {
        sent.push(String(init?.body));
        return new Response(bodies.shift());
      },
    });
    await expect(connection.execute("SELECT 1")).rejects.toThrow("(errno 1062)");
    await connection.execute("SELECT 2");
    expect(sent[1]).toBe('{"query":"SELECT 2","session":{"signature":"kept"}}');
  });

  test("an HTTP error is read by the driver, and has Connect's form too", async () => {
    const body = encodeHttpErrorBody(new RockpoolError("access-denied"));
    const error: unknown = await execute(body, 401).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "DatabaseError", status: 401, body: { code: "unauthenticated" } });
    const { error: inner, ...outer } = JSON.parse(body);
    expect(outer).toEqual(inner);
    expect(outer.message).toMatch(PRISMA_FORM);
  });

  test("every error of our own has both forms, in ASCII", () => {
    // The table's keys are the codes.
    for (const code of Object.keys(ERROR_TABLE) as ErrorCode[]) {
      const error = new RockpoolError(code, { cause: new Error("secret"), context: { host: "secret" } });
      const { errno, sqlState, text, vitessCode } = error.row;
      const message = `${text} (errno ${errno}) (sqlstate ${sqlState})`;
      expect(JSON.parse(encodeErrorBody(error))).toEqual({ code: vitessCode, message });
      const http = { code: vitessCode.toLowerCase(), message };
      expect(JSON.parse(encodeHttpErrorBody(error))).toEqual({ ...http, error: http });
    }
  });

  test.each([
    [1062, "ALREADY_EXISTS"],
    [1050, "ALREADY_EXISTS"],
    [1045, "PERMISSION_DENIED"],
    [1044, "PERMISSION_DENIED"],
    [1142, "PERMISSION_DENIED"],
    [1146, "NOT_FOUND"],
    [1054, "NOT_FOUND"],
    [1049, "INVALID_ARGUMENT"],
    [1064, "INVALID_ARGUMENT"],
    [1048, "INVALID_ARGUMENT"],
    [1406, "INVALID_ARGUMENT"],
    [1451, "FAILED_PRECONDITION"],
    [1452, "FAILED_PRECONDITION"],
    [1205, "DEADLINE_EXCEEDED"],
    [1969, "DEADLINE_EXCEEDED"],
    [1213, "ABORTED"],
    [1317, "CANCELED"],
    [1040, "RESOURCE_EXHAUSTED"],
    [1053, "UNAVAILABLE"],
    [1235, "UNIMPLEMENTED"],
    [1644, "UNKNOWN"],
  ])("errno %d is %s", (errno, code) => {
    expect(psdbErrorCode({ errno, sqlState: "HY000", message: "" })).toBe(code);
  });

  test("1290 is a failed precondition only for a read-only server", () => {
    const message =
      "The MariaDB server is running with the --read-only option so it cannot execute this statement";
    expect(psdbErrorCode({ errno: 1290, sqlState: "HY000", message })).toBe("FAILED_PRECONDITION");
    expect(psdbErrorCode({ errno: 1290, sqlState: "HY000", message: "--secure-file-priv" })).toBe("UNKNOWN");
  });
});
