/** Sessions as clients meet them: tokens, logins, parallel statements, errors, and a transaction that is lost. */
import { createHmac } from "node:crypto";
import { connect } from "@planetscale/database";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellText, textRows } from "../src/answer.ts";
import { type DirectSession, openDirectSession } from "../src/direct-session.ts";
import { openRig, type Rig, waitUntil } from "../src/index.ts";
import { createPsdbSession, postExecute, type PsdbSession, type PsdbTarget } from "../src/psdb-session.ts";

const OTHER = { user: "other", password: "other:pass-wörd" };

let rig: Rig;
let direct: DirectSession;
let target: PsdbTarget;

beforeAll(async () => {
  rig = await openRig({
    logins: [{ name: OTHER.user, password: OTHER.password, database: "rockpool" }],
  });
  direct = await openDirectSession(rig.db);
  target = { url: rig.edges[0]?.line.http ?? "", ...rig.login };
  const session = open();
  for (const sql of [
    "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL)",
    "INSERT INTO items (v) VALUES (10), (20)",
    "CREATE TABLE short (c VARCHAR(3) NOT NULL, p INT, UNIQUE KEY name_of_key (c))",
    "CREATE TABLE owners (id INT PRIMARY KEY)",
    "CREATE TABLE owned (id INT PRIMARY KEY, o INT NOT NULL, CONSTRAINT fk FOREIGN KEY (o) REFERENCES owners (id))",
  ]) {
    await session.run(sql);
  }
});
afterAll(async () => {
  direct?.close();
  await rig?.close();
});

function open(as: { user: string; password: string } = rig.login): PsdbSession {
  return createPsdbSession({ url: target.url, ...as });
}

/** The unmodified driver. */
function openDriver() {
  const url = new URL(target.url);
  url.username = target.user;
  url.password = target.password;
  return connect({ url: url.href });
}

describe("tokens", () => {
  async function statusOf(signature: string, as: { user: string; password: string } = rig.login) {
    const response = await postExecute(
      { url: target.url, ...as },
      { query: "SELECT 1", session: { signature } },
    );
    const body = (await response.json()) as { code?: string; error?: { code: string; message: string } };
    return { status: response.status, code: body.code, message: body.error?.message };
  }

  const REFUSED = {
    status: 403,
    code: "permission_denied",
    message: "The session token is not valid for this login (errno 1227) (sqlstate 42000)",
  };

  /** A token with everything in it: a transaction, a variable, an insert id. */
  async function takeSignature(): Promise<string> {
    const session = open();
    await session.execute("SET time_zone = '+01:00'");
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (v) VALUES (1)");
    const signature = session.token?.signature ?? "";
    await session.execute("ROLLBACK");
    return signature;
  }

  test("truncated anywhere, with any bit flipped, or with anything added: 403", async () => {
    const genuine = await takeSignature();
    const bad = new Set<string>();
    for (let length = 1; length < genuine.length; length += 3) bad.add(genuine.slice(0, length));
    for (let at = 0; at < genuine.length; at += 1) {
      const flipped = String.fromCharCode(genuine.charCodeAt(at) ^ (1 << (at % 6)));
      bad.add(genuine.slice(0, at) + flipped + genuine.slice(at + 1));
    }
    for (const added of ["=", "A", ".", ".A", " ", "\n"]) bad.add(genuine + added);
    bad.delete(genuine);
    const signatures = [...bad];
    const answers = await Promise.all(signatures.map((signature) => statusOf(signature)));
    answers.forEach((answer, index) => expect({ at: index, ...answer }).toEqual({ at: index, ...REFUSED }));
    expect(answers.length).toBeGreaterThan(150);
  });

  test("another login's: 403, and the session it belongs to is untouched", async () => {
    const session = open();
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (v) VALUES (2)");
    expect(await statusOf(session.token?.signature ?? "", OTHER)).toEqual(REFUSED);
    expect((await session.execute("ROLLBACK")).answer.kind).toBe("ok");
    expect((await statusOf((await takeFresh(OTHER)) ?? "", OTHER)).status).toBe(200);
  });

  async function takeFresh(as: { user: string; password: string }): Promise<string | undefined> {
    const session = open(as);
    await session.execute("SELECT 1");
    return session.token?.signature;
  }

  test("signed with another key, or a genuine MAC on another payload: 403", async () => {
    const [payload = "", mac = ""] = (await takeSignature()).split(".");
    const label = Buffer.from("rockpool/psdb-session/1\0", "latin1");
    const bytes = Buffer.concat([label, Buffer.from(payload, "base64url")]);
    const forged = createHmac("sha256", "a key of my own").update(bytes).digest("base64url");
    const other = Buffer.from(payload, "base64url").toString("utf8").replace('"app"', '"root"');
    expect(await statusOf(`${payload}.${forged}`)).toEqual(REFUSED);
    expect(await statusOf(`${Buffer.from(other).toString("base64url")}.${mac}`)).toEqual(REFUSED);
    expect((await statusOf(`${payload}.${mac}`)).status).toBe(200);
  });

  test.each([{}, { signature: "" }, { signature: 5 }, "text", 7, [], { signature: "A".repeat(100_000) }])(
    "%j as a session: 403",
    async (session) => {
      const response = await postExecute(target, { query: "SELECT 1", session });
      expect(response.status).toBe(403);
    },
  );
});

describe("logins", () => {
  async function refusal(as: { user: string; password: string }) {
    const response = await postExecute({ url: target.url, ...as }, { query: "SELECT 1", session: null });
    return { status: response.status, body: await response.text() };
  }

  test("a wrong password is a 401 in both forms of body, and an unknown login the same bytes", async () => {
    const message = "Access denied: unknown login or wrong password (errno 1045) (sqlstate 28000)";
    const error = { code: "unauthenticated", message };
    const wrong = await refusal({ user: "app", password: "wrong" });
    expect([wrong.status, JSON.parse(wrong.body)]).toEqual([401, { ...error, error }]);
    expect(await refusal({ user: "nobody", password: rig.login.password })).toEqual(wrong);
    expect(await refusal({ user: "", password: "" })).toEqual(wrong);
    expect(await refusal({ user: "app", password: "" })).toEqual(wrong);
    const bare = await fetch(`${target.url}/psdb.v1alpha1.Database/Execute`, { method: "POST", body: "{}" });
    expect([bare.status, await bare.text()]).toEqual([401, wrong.body]);
  });

  test("the driver throws it as its own error", async () => {
    const connection = connect({ url: target.url.replace("http://", "http://app:wrong@") });
    await expect(connection.execute("SELECT 1")).rejects.toMatchObject({
      status: 401,
      name: "DatabaseError",
    });
  });

  test("a password with a colon and letters beyond ASCII is taken as UTF-8", async () => {
    expect(await open(OTHER).cells("SELECT 1")).toEqual([["1"]]);
  });
});

describe("errors of the database", () => {
  const FAILING = [
    "SELEC 1",
    "SELECT * FROM no_such_table",
    "SELECT no_such_column FROM items",
    "INSERT INTO items VALUES (1, 1)",
    "INSERT INTO short VALUES ('abcd', 1)",
    "INSERT INTO short (c) VALUES (NULL)",
    "INSERT INTO owned VALUES (1, 1)",
    "INSERT INTO items VALUES (5, 1 / 0), (6, 'x')",
    "CREATE TABLE items (id INT)",
    "SET time_zone = 'no/where'",
    "USE no_such_schema",
    "ROLLBACK TO nowhere",
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a \"quote\" \\\\ ü 😀 (errno 1) (sqlstate 00000)', MYSQL_ERRNO = 31000",
    "SIGNAL SQLSTATE '01234' SET MESSAGE_TEXT = ''",
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'line one\nline two'",
    "GRANT SELECT ON no_such_table TO nobody",
    "SELECT REPEAT('x', 10) REGEXP '('",
    "",
    "  -- nothing",
    "SELECT '\u0001' FROM `\u{1f600}`",
  ];

  test.each(FAILING)("%j is told byte for byte", async (sql) => {
    const expected = await direct.execute(sql);
    const { answer, httpStatus, body } = await open().execute(sql);
    expect(answer).toEqual(expected);
    expect(httpStatus).toBe(200);
    if (expected.kind !== "error") return;
    const { errno, sqlState, message } = expected;
    const text = (JSON.parse(body) as { error: { message: string } }).error.message;
    expect(text).toBe(`${message} (errno ${errno}) (sqlstate ${sqlState})`);
    await expect(openDriver().execute(sql)).rejects.toMatchObject({ name: "DatabaseError", message: text });
  });

  test("inside a transaction the transaction goes on, or not, as the database says", async () => {
    const session = open();
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (id, v) VALUES (900, 1)");
    expect((await session.execute("INSERT INTO items (id, v) VALUES (900, 2)")).answer).toMatchObject({
      errno: 1062,
    });
    expect((await session.execute("SELEC")).answer).toMatchObject({ errno: 1064 });
    expect(await session.cells("SELECT v FROM items WHERE id = 900")).toEqual([["1"]]);
    await session.execute("ROLLBACK");
    expect(await session.cells("SELECT v FROM items WHERE id = 900")).toEqual([]);
  });
});

describe("statements in parallel", () => {
  test("300 on one Connection object, each with its own answer", async () => {
    const connection = openDriver();
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    const answers = await Promise.all(
      numbers.map((number) => connection.execute(`SELECT ${number} + COUNT(*) * 0 AS n FROM items`)),
    );
    expect(answers.map(({ rows }) => Number((rows[0] as { n: string }).n))).toEqual(numbers); // of this one column
  });

  test("300 in one transaction are queued: one connection, one after the other", async () => {
    const connection = openDriver();
    await connection.execute("BEGIN");
    await connection.execute("SET @n = 0");
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    const answers = await Promise.all(
      numbers.map(() => connection.execute("SELECT @n := @n + 1 AS n, CONNECTION_ID() AS id")),
    );
    const rows = answers.map(({ rows: [row] }) => row as { n: string; id: string }); // of these two columns
    expect(rows.map(({ n }) => Number(n)).toSorted((a, b) => a - b)).toEqual(
      numbers.map((number) => number + 1),
    );
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    await connection.execute("ROLLBACK");
  });

  test("writes of one transaction sent at once are all in it, and all gone after ROLLBACK", async () => {
    const connection = openDriver();
    const before = await open().cells("SELECT COUNT(*) FROM items");
    await connection.execute("BEGIN");
    const inserts = Array.from({ length: 50 }, (_, v) =>
      connection.execute(`INSERT INTO items (v) VALUES (${v})`),
    );
    const ids = (await Promise.all(inserts)).map(({ insertId }) => insertId);
    expect(new Set(ids).size).toBe(50);
    await connection.execute("ROLLBACK");
    expect(await open().cells("SELECT COUNT(*) FROM items")).toEqual(before);
  });

  test("parallel COMMIT and statements behind it: nothing is lost, nothing runs twice", async () => {
    const session = open();
    await session.execute("BEGIN");
    const token = session.token;
    const send = (sql: string) => {
      const own = open();
      own.token = token;
      return own.execute(sql);
    };
    const replies = await Promise.all([
      send("INSERT INTO items (id, v) VALUES (700, 1)"),
      send("COMMIT"),
      send("INSERT INTO items (id, v) VALUES (701, 1)"),
      send("SELECT COUNT(*) FROM items WHERE id IN (700, 701)"),
    ]);
    expect(replies.map(({ answer }) => answer.kind)).toEqual(["ok", "ok", "ok", "rows"]);
    // Requests on connections of their own may arrive in any order: the read may be before an INSERT.
    expect(["0", "1", "2"]).toContain(textRows(replies[3]?.answer ?? expect.fail())[0]?.[0]);
    expect(await open().cells("SELECT COUNT(*) FROM items WHERE id IN (700, 701)")).toEqual([["2"]]);
  });
});

describe("LAST_INSERT_ID()", () => {
  test("is the session's own over shared connections, and not an id that the client gave", async () => {
    const [left, right] = [open(), open()];
    await left.execute("INSERT INTO items (v) VALUES (1)");
    const [[own]] = (await left.cells("SELECT LAST_INSERT_ID()")) as [[string]];
    await right.execute("INSERT INTO items (v) VALUES (2), (3)");
    expect(await left.cells("SELECT LAST_INSERT_ID()")).toEqual([[own]]);
    expect(await right.cells("SELECT LAST_INSERT_ID()")).toEqual([[String(Number(own) + 1)]]);
    const given = await left.execute("INSERT INTO items VALUES (5000, 1)");
    expect(given.answer).toMatchObject({ insertId: "5000" });
    expect(await left.cells("SELECT LAST_INSERT_ID()")).toEqual([[own]]);
    expect(await open().cells("SELECT LAST_INSERT_ID()")).toEqual([["0"]]);
  });

  test("is kept through a transaction, and set by RETURNING and by expressions", async () => {
    const session = open();
    const { answer } = await session.execute("INSERT INTO items (v) VALUES (4) RETURNING id");
    const returned = cellText(answer.kind === "rows" ? answer.rows[0]?.[0] : undefined);
    expect(await session.cells("SELECT LAST_INSERT_ID()")).toEqual([[returned]]);
    await session.execute("BEGIN");
    expect(await session.cells("SELECT LAST_INSERT_ID()")).toEqual([[returned]]);
    const { answer: inside } = await session.execute("INSERT INTO items (v) VALUES (5)");
    await session.execute("INSERT INTO items VALUES (6000, 1)");
    await session.execute("COMMIT");
    const last = inside.kind === "ok" ? inside.insertId : "";
    expect(await session.cells("SELECT LAST_INSERT_ID()")).toEqual([[last]]);
    await session.execute("UPDATE items SET v = LAST_INSERT_ID(77) WHERE id = 1");
    expect(await session.cells("SELECT LAST_INSERT_ID()")).toEqual([["77"]]);
  });
});

describe("a lost origin", () => {
  test("errors until ROLLBACK, nothing of the transaction, then the session works again", async () => {
    const session = open();
    await session.execute("SET time_zone = '+03:00'");
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (id, v) VALUES (800, 1)");
    const idle = open();
    await idle.execute("SELECT 1");
    await rig.origin.kill();
    await waitUntil(async () => (await session.execute("SELECT 1")).answer.kind === "error");
    await rig.startOrigin();
    await rig.ready();
    for (const sql of [
      "SELECT 1",
      "INSERT INTO items (id, v) VALUES (801, 1)",
      "COMMIT",
      "BEGIN",
      "SELECT 2",
    ]) {
      const { answer, httpStatus } = await session.execute(sql);
      expect({ sql, answer, httpStatus }).toMatchObject({
        sql,
        answer: { kind: "error", errno: 1317 },
        httpStatus: 200,
      });
    }
    expect((await session.execute("ROLLBACK")).answer.kind).toBe("ok");
    expect(await session.cells("SELECT id FROM items WHERE id >= 800 AND id < 810")).toEqual([]);
    expect(await session.cells("SELECT @@time_zone")).toEqual([["+03:00"]]);
    expect(await idle.cells("SELECT 1")).toEqual([["1"]]);
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (id, v) VALUES (802, 1)");
    expect((await session.execute("COMMIT")).answer.kind).toBe("ok");
    expect(await open().cells("SELECT id FROM items WHERE id >= 800 AND id < 810")).toEqual([["802"]]);
  });

  test("ROLLBACK as the first word after the loss is enough", async () => {
    const session = open();
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (id, v) VALUES (810, 1)");
    await rig.origin.kill();
    await rig.startOrigin();
    await rig.ready();
    expect((await session.execute("ROLLBACK")).answer.kind).toBe("ok");
    expect(await session.cells("SELECT id FROM items WHERE id = 810")).toEqual([]);
  });

  test("a database connection lost in a transaction is the same", async () => {
    const session = open();
    await session.execute("BEGIN");
    await session.execute("INSERT INTO items (id, v) VALUES (820, 1)");
    const [[thread]] = (await session.cells("SELECT CONNECTION_ID()")) as [[string]];
    expect((await direct.execute(`KILL ${thread}`)).kind).toBe("ok");
    expect((await session.execute("SELECT v FROM items WHERE id = 820")).answer).toMatchObject({
      kind: "error",
    });
    expect((await session.execute("COMMIT")).answer).toMatchObject({ kind: "error", errno: 1317 });
    expect((await session.execute("ROLLBACK")).answer.kind).toBe("ok");
    expect(await session.cells("SELECT id FROM items WHERE id = 820")).toEqual([]);
  });
});
