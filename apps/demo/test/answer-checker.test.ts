import { openPrivateDatabase, type PrivateDatabase } from "@rockpool/devdb";
import type { Connection } from "mysql2/promise";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkAnswer } from "../src/demo/answer-checker.ts";
import { DirectConnections } from "../src/demo/direct-connections.ts";
import { Figures } from "../src/demo/figures.ts";
import { formatState, readState } from "../src/demo/raw-rows.ts";
import { openSnapshotRing, type SnapshotRing } from "../src/demo/snapshot-ring.ts";

const SQL = "SELECT id, name, bytes FROM pond WHERE id = 1";

let database: PrivateDatabase;
let connections: DirectConnections;
let writer: Connection;
let reader: Connection;
let ring: SnapshotRing;

beforeAll(async () => {
  database = await openPrivateDatabase();
  connections = new DirectConnections(database);
  writer = await connections.open();
  reader = await connections.open();
  await writer.query(
    "CREATE TABLE pond (id INT PRIMARY KEY, name VARCHAR(20), bytes VARBINARY(9)) ENGINE=InnoDB",
  );
  await writer.query("INSERT INTO pond VALUES (1, 'näcre', x'00ff80'), (2, NULL, '')");
  ring = await openSnapshotRing(
    () => connections.open(),
    (error) => expect.unreachable(String(error)),
  );
});

afterAll(async () => {
  await ring.close();
  connections.close();
  await database.stop();
});

/** Waits until the ring's snapshots differ from now for at least this long. */
async function waitUntilChangedFor(durationMs: number): Promise<void> {
  const now = await readState(reader, SQL);
  await expect
    .poll(
      async () => {
        const states = await ring.read(SQL);
        const since = states.find(({ state }) => state === now);
        return since === undefined ? 0 : performance.now() - since.openedByMs;
      },
      { timeout: 5_000, interval: 20 },
    )
    .toBeGreaterThan(durationMs);
}

test("states are bytes: an edge's raw cells and a direct read's compare equal", async () => {
  expect(await readState(reader, "SELECT id, name, bytes FROM pond")).toBe(
    formatState([
      ["2", null, ""],
      ["1", "n\u00c3\u00a4cre", "\u0000\u00ff\u0080"],
    ]),
  );
});

test("an answer from before a write is recent within the bound, and older than it afterwards", async () => {
  const figures = new Figures();
  const answer = await readState(reader, SQL);
  await writer.query("UPDATE pond SET name = 'conch' WHERE id = 1");
  const check = (boundMs: number): Promise<string> =>
    checkAnswer(
      { sql: SQL, askedAtMs: performance.now(), answer },
      { connection: reader, ring, boundMs, figures },
    );

  expect(await check(1_000)).toBe("recent");
  await waitUntilChangedFor(600);
  expect(await check(1_500)).toBe("recent");
  expect(await check(400)).toBe("older");
  expect(figures.view()).toMatchObject({ checked: 3, older: 1, undecided: 0 });
});

test("an answer that the database never gave is older, as long as nothing changes", async () => {
  await writer.query("UPDATE pond SET name = 'whelk' WHERE id = 1");
  await waitUntilChangedFor(600);
  const options = { connection: reader, ring, boundMs: 400, figures: new Figures() };
  expect(await checkAnswer({ sql: SQL, askedAtMs: performance.now(), answer: "[]" }, options)).toBe("older");
});

test("connections of others are told from the demo's own", async () => {
  expect(await connections.countOthers(reader)).toBe(0);
  const others = new DirectConnections(database);
  await others.open();
  expect(await connections.countOthers(reader)).toBe(1);
  others.close();
});
