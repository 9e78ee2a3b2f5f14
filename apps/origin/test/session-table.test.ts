import { describe, expect, test } from "vitest";
import type { DatabaseConnection } from "../src/database/database-connection.ts";
import { PinnedSession, SessionTable } from "../src/session-table.ts";
import { settle, VirtualTime } from "./database/fake-connections.ts";

const LIMITS = { idleTimeoutMs: 10_000, transactionMaxMs: 20_000, queueMax: 3 };

/** No test here lets a session speak to its connection. */
const NO_CONNECTION = {} as DatabaseConnection;

function open() {
  const time = new VirtualTime();
  const table = new SessionTable(LIMITS, time, time);
  const expired: string[] = [];
  table.onExpired = (session, reason) => expired.push(`${session.id} ${reason}`);
  const add = (id = "p1") => {
    const session = new PinnedSession(id, "shop", NO_CONNECTION);
    table.add(session);
    return session;
  };
  return { time, table, expired, add };
}

/** A statement that ends when told. */
function openTask() {
  let end: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { task: () => done, end: () => end() };
}

describe("a session's statements", () => {
  test("run one after the other, in the order they came, whatever becomes of one", async () => {
    const { add } = open();
    const session = add();
    const log: string[] = [];
    const first = openTask();
    const results = [
      session.enqueue(3, async () => {
        log.push("1");
        await first.task();
        log.push("1 ends");
      }),
      session.enqueue(3, () => {
        log.push("2");
        return Promise.reject(new Error("failed"));
      }),
      session.enqueue(3, () => {
        log.push("3");
        return Promise.resolve();
      }),
    ];
    await settle();
    expect([log, session.queued]).toEqual([["1"], 3]);
    first.end();
    expect((await Promise.allSettled(results)).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect([log, session.queued]).toEqual([["1", "1 ends", "2", "3"], 0]);
  });

  test("more than may wait are refused at once, and the next one fits when one has ended", async () => {
    const { add } = open();
    const session = add();
    const running = openTask();
    const first = session.enqueue(2, running.task);
    void session.enqueue(2, () => Promise.resolve());
    await expect(session.enqueue(2, () => Promise.resolve())).rejects.toMatchObject({
      code: "session-queue-full",
    });
    expect(session.queued).toBe(2);
    running.end();
    await first;
    await settle();
    await expect(session.enqueue(2, () => Promise.resolve("ran"))).resolves.toBe("ran");
  });
});

describe("a session is found", () => {
  test("by its pin, under its login only", () => {
    const { table, add } = open();
    const session = add();
    expect([table.find("p1", "shop"), table.find("p1", "else"), table.find("p2", "shop")]).toEqual([
      session,
      null,
      null,
    ]);
    expect([table.size, table.all()]).toEqual([1, [session]]);
  });

  test("no more once it is over, and only a clean end is remembered as one", () => {
    const { table, add } = open();
    table.remove(add("clean"), true);
    table.remove(add("broken"), false);
    expect([table.size, table.find("clean", "shop"), table.find("broken", "shop")]).toEqual([0, null, null]);
    expect([table.endedCleanly("clean"), table.endedCleanly("broken"), table.endedCleanly("never")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("of 10,000 clean ends the oldest is forgotten first: its late tokens then mean a lost session", () => {
    const { table, add } = open();
    for (let count = 0; count <= 10_000; count++) table.remove(add(`p${count}`), true);
    expect([table.endedCleanly("p0"), table.endedCleanly("p1"), table.endedCleanly("p10000")]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe("a session's time", () => {
  test("is up after the idle limit, counted from its last statement", async () => {
    const { time, table, expired, add } = open();
    const session = add();
    table.touch(session);
    await time.advance(9_999);
    table.touch(session);
    await time.advance(9_999);
    expect(expired).toEqual([]);
    await time.advance(1);
    expect(expired).toEqual(["p1 idle"]);
    expect([session.over, table.size, table.endedCleanly("p1")]).toEqual([true, 0, false]);
  });

  test("does not run while a statement does", async () => {
    const { time, table, expired, add } = open();
    const session = add();
    const running = openTask();
    const run = session.enqueue(3, running.task);
    table.touch(session);
    await time.advance(60_000);
    expect(expired).toEqual([]);
    running.end();
    await run;
    table.touch(session);
    await time.advance(10_000);
    expect(expired).toEqual(["p1 idle"]);
  });

  test("is up when its transaction is too old, busy or not", async () => {
    const { time, table, expired, add } = open();
    const session = add();
    session.transactionSince = time.now();
    table.touch(session);
    for (let round = 0; round < 3; round++) {
      await time.advance(6_000);
      table.touch(session);
    }
    void session.enqueue(3, openTask().task);
    table.touch(session);
    await time.advance(1_999);
    expect(expired).toEqual([]);
    await time.advance(1);
    expect([expired, session.over, session.queued]).toEqual([["p1 transaction-too-long"], true, 1]);
  });

  test("of an idle session in a transaction is the nearer of both limits", async () => {
    const { time, table, expired, add } = open();
    const early = add("early");
    early.transactionSince = time.now();
    table.touch(early);
    await time.advance(10_000);
    expect(expired).toEqual(["early idle"]);
    const late = add("late");
    late.transactionSince = time.now() - 15_000;
    table.touch(late);
    await time.advance(5_000);
    expect(expired).toEqual(["early idle", "late transaction-too-long"]);
  });

  test("a transaction already too old ends in the next turn, not in this one", async () => {
    const { time, table, expired, add } = open();
    const session = add();
    session.transactionSince = time.now() - 30_000;
    table.touch(session);
    expect(expired).toEqual([]);
    await time.advance(0);
    expect(expired).toEqual(["p1 transaction-too-long"]);
  });

  test("is nobody's once the session has ended", async () => {
    const { time, table, expired, add } = open();
    const session = add();
    table.touch(session);
    table.remove(session, true);
    table.touch(session);
    await time.advance(60_000);
    expect(expired).toEqual([]);
  });
});
