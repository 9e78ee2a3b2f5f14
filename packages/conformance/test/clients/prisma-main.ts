/** Prisma Client with `@prisma/adapter-planetscale`, over the unmodified `@planetscale/database`. */
import assert from "node:assert/strict";
import { Decimal, PrismaClientKnownRequestError } from "@prisma/client/runtime/client";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";
import type { DatabaseFailure } from "./database-failure.ts";
import { openPrisma, type PrismaQueries, type PrismaSession } from "./prisma-client.ts";
import { PLANETSCALE_VALUES } from "./planetscale-suite.ts";
import { checkSqlContract, type Row, type Send } from "./sql-contract.ts";
import { type ClientValues, createTypeTable, expectTypes, TYPE_COLUMNS, TYPE_TABLE } from "./type-table.ts";

const TEXT = "Ünï 💥 'q' \"d\" \\ %_ \n\u0000";
const PHOTO = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const PERSON = {
  email: "ü@example.org",
  mood: "loud",
  big: 18446744073709551615n,
  price: new Decimal("12345678901234.123456"),
  ratio: 0.1,
  active: false,
  born: new Date("2024-02-29T00:00:00.000Z"),
  seen: new Date("2024-02-29T12:34:56.789Z"),
  stamp: new Date("2024-02-29T12:34:56.789Z"),
  clock: new Date("1970-01-01T12:34:56.789Z"),
  vintage: 1999,
  profile: { list: [1, null, TEXT], deep: { er: true } },
  photo: PHOTO,
};
/** Raw reads: what exceeds 31 bits is a bigint, decimals are Decimals, times are Dates taken for UTC. */
const VALUES: ClientValues = {
  ...PLANETSCALE_VALUES,
  uint32: (text) => BigInt(text),
  bigint: (text) => BigInt(text),
  decimal: (text) => new Decimal(text),
  date: (text) => new Date(`${text}T00:00:00.000Z`),
  datetime: readDate,
  timestamp: readDate,
  time: (text) => new Date(`1970-01-01T${text}Z`),
};

await runClient("prisma", async (program) => {
  const prisma = openPrisma(program.urlWithLogin);
  await makeTables(program);
  await checkContract(program, prisma);
  await checkModels(program, prisma);
  await checkErrors(program, prisma);
  await checkTransactions(program, prisma);
  await prisma.$disconnect();
});

function readDate(text: string): Date {
  return new Date(`${text.slice(0, 23).replace(" ", "T")}Z`);
}

async function makeTables(program: ClientProgram): Promise<void> {
  await program.make(
    `CREATE TABLE Person (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(100) NOT NULL UNIQUE,
     mood ENUM('calm','loud'), big BIGINT UNSIGNED, price DECIMAL(20,6), ratio DOUBLE, active TINYINT(1) NOT NULL,
     born DATE, seen DATETIME(3), stamp TIMESTAMP(3) NULL, clock TIME(3), vintage YEAR, profile JSON, photo BLOB)`,
  );
  await program.make(
    "CREATE TABLE Note (id BIGINT PRIMARY KEY AUTO_INCREMENT, personId INT NOT NULL, text TEXT NOT NULL, `rank` INT," +
      " FOREIGN KEY (personId) REFERENCES Person (id))",
  );
}

async function checkContract(program: ClientProgram, prisma: PrismaSession): Promise<void> {
  const sendTo =
    (queries: Pick<PrismaSession, "$queryRawUnsafe">): Send =>
    (sql) =>
      queries.$queryRawUnsafe(sql);
  await checkSqlContract(program, {
    send: sendTo(prisma),
    transaction: (work) => prisma.$transaction((tx) => work(sendTo(tx))),
    readError,
    withPassword(password) {
      const url = new URL(program.urlWithLogin);
      url.password = password;
      return sendTo(openPrisma(url.href));
    },
  });
  await createTypeTable(program);
  // The adapter has no type for SET, and JavaScript has no Date for a TIME beyond a day.
  const columns = TYPE_COLUMNS.filter(({ kind, name }) => kind !== "set" && name !== "time_negative");
  await program.check("types: every type and NULL, through $queryRaw", async () => {
    const names = columns.map(({ name }) => name).join(", ");
    const rows = await prisma.$queryRawUnsafe(`SELECT ${names} FROM ${TYPE_TABLE} ORDER BY id`);
    return expectTypes(program, rows, VALUES, columns);
  });
  await program.check(
    "types: the adapter refuses SET, and makes no valid Date of a TIME beyond a day",
    async () => {
      const error = await catchError(() => prisma.$queryRawUnsafe(`SELECT set_pick FROM ${TYPE_TABLE}`));
      assert.match(String(error), /Unsupported column type: SET/);
      const [row] = await prisma.$queryRawUnsafe(`SELECT time_negative FROM ${TYPE_TABLE} WHERE id = 1`);
      assert.strictEqual(String(row?.["time_negative"]), "Invalid Date");
    },
  );
}

/** The adapter keeps the error's number and text in the metadata, its state only of errors it has no kind for. */
function readError(error: unknown): DatabaseFailure {
  if (!(error instanceof PrismaClientKnownRequestError)) throw error;
  const { driverAdapterError } = error.meta as { driverAdapterError: { cause: DriverCause } }; // what it keeps
  const { originalCode, originalMessage, state } = driverAdapterError.cause;
  return { message: originalMessage, errno: Number(originalCode), state: state ?? null };
}

interface DriverCause {
  readonly originalCode: string;
  readonly originalMessage: string;
  readonly state?: string;
}

async function checkModels(program: ClientProgram, prisma: PrismaSession): Promise<void> {
  await program.check("create: every field type arrives", async () => {
    const created = await prisma.person.create({ data: PERSON });
    assert.deepStrictEqual(comparable(created), comparable({ id: 1, ...PERSON }));
    await prisma.person.create({ data: { email: "nulls" } });
    const [row, nulls] = await program.read(
      "SELECT email, mood, big, price, ratio, active, born, seen, stamp, clock, vintage, HEX(photo) FROM Person",
    );
    assert.deepStrictEqual(row, [
      ...["ü@example.org", "loud", "18446744073709551615", "12345678901234.123456", "0.1", "0", "2024-02-29"],
      ...["2024-02-29 12:34:56.789", "2024-02-29 12:34:56.789", "12:34:56.789", "1999"],
      Buffer.from(PHOTO).toString("hex").toUpperCase(),
    ]);
    assert.deepStrictEqual(
      nulls?.filter((cell) => cell !== null),
      ["nulls", "1"],
    );
  });
  await program.check("read: every field type comes back, miss and hit", async () => {
    const read = async () => comparable(await prisma.person.findUnique({ where: { id: 1 } }));
    const detail = await expectHit(read);
    assert.deepStrictEqual(await read(), comparable({ id: 1, ...PERSON }));
    return detail;
  });
  await program.check("create and read: relations, filters, ordering, aggregates", async () => {
    const data = Array.from({ length: 20 }, (_, n) => ({
      personId: 1 + (n % 2),
      text: `${TEXT}${n}`,
      rank: n,
    }));
    assert.deepStrictEqual(await prisma.note.createMany({ data }), { count: 20 });
    const people = await prisma.person.findMany({
      where: { email: { startsWith: "ü" } },
      include: { notes: { where: { rank: { gte: 10 } }, orderBy: { rank: "desc" }, take: 2 } },
    });
    const notes = people[0]?.["notes"] as Row[]; // what include asks for
    assert.deepStrictEqual(
      notes.map(({ rank }) => rank),
      [18, 16],
    );
    assert.deepStrictEqual(notes[0]?.["id"], 19n);
    assert.strictEqual(await prisma.note.count({ where: { person: { is: { email: "nulls" } } } }), 10);
    const grouped = await prisma.note.groupBy({
      by: ["personId"],
      _sum: { rank: true },
      orderBy: { personId: "asc" },
    });
    assert.deepStrictEqual(grouped, [
      { personId: 1, _sum: { rank: 90 } },
      { personId: 2, _sum: { rank: 100 } },
    ]);
  });
  await program.check("update, upsert and delete: seen by the next read", async () => {
    const textOf = async () => (await prisma.note.findUnique({ where: { id: 1n } }))?.["text"];
    await expectHit(textOf);
    await prisma.note.update({ where: { id: 1n }, data: { text: "new" } });
    assert.strictEqual(await textOf(), "new");
    await prisma.note.upsert({
      where: { id: 1n },
      create: { personId: 1, text: "made" },
      update: { text: "upserted", rank: { increment: 5 } },
    });
    assert.strictEqual(await textOf(), "upserted");
    await prisma.note.delete({ where: { id: 1n } });
    assert.strictEqual(await textOf(), undefined);
    assert.deepStrictEqual(await prisma.note.deleteMany({ where: { rank: { lt: 10 } } }), { count: 9 });
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM Note"), [["10"]]);
  });
  await program.check(
    "read: with the database's name in the URL, as PlanetScale's own URLs have it",
    async () => {
      const url = new URL(program.urlWithLogin);
      url.pathname = `/${program.target.database}`;
      const named = openPrisma(url.href);
      assert.strictEqual(await named.person.count(), 2);
      await named.$disconnect();
    },
  );
}

async function checkErrors(program: ClientProgram, prisma: PrismaSession): Promise<void> {
  const cases: readonly [string, string, () => Promise<unknown>][] = [
    ["duplicate key", "P2002", () => prisma.person.create({ data: { email: "nulls" } })],
    ["foreign key", "P2003", () => prisma.note.create({ data: { personId: 999, text: "x" } })],
    ["data too long", "P2000", () => prisma.person.create({ data: { email: "x".repeat(101) } })],
    ["unknown table", "P2021", () => prisma.absent.findMany()],
    ["no row to update", "P2025", () => prisma.note.update({ where: { id: 999n }, data: { text: "x" } })],
    ["raw syntax error", "P2010", () => prisma.$queryRawUnsafe("SELEKT 1")],
    ["raw unknown column", "P2010", () => prisma.$queryRawUnsafe("SELECT nope FROM Person")],
    ["wrong password", "P1000", () => wrongPassword(program).person.count()],
  ];
  for (const [name, code, run] of cases) {
    await program.check(`error: ${name} is ${code}`, async () => {
      const error = await catchError(run);
      assert.strictEqual((error as { code?: string }).code ?? String(error), code);
    });
  }
  await program.check("error: an unknown column of a model is P2022 and names it", async () => {
    await program.make("ALTER TABLE Note DROP COLUMN `rank`");
    const error = await catchError(() => prisma.note.findMany());
    assert.ok(error instanceof PrismaClientKnownRequestError);
    assert.strictEqual(error.code, "P2022");
    assert.match(JSON.stringify(error.meta), /Note\.rank/);
    await program.make("ALTER TABLE Note ADD COLUMN `rank` INT");
  });
}

function wrongPassword(program: ClientProgram): PrismaSession {
  const url = new URL(program.urlWithLogin);
  url.password = "wrong";
  return openPrisma(url.href);
}

async function checkTransactions(program: ClientProgram, prisma: PrismaSession): Promise<void> {
  const countNotes = async () => (await program.read("SELECT COUNT(*) FROM Note"))[0]?.[0];
  await program.check("transaction: a batch commits, or fails as a whole", async () => {
    const before = Number(await countNotes());
    await prisma.$transaction([
      prisma.note.create({ data: { personId: 1, text: "a" } }),
      prisma.note.create({ data: { personId: 1, text: "b" } }),
    ]);
    assert.strictEqual(await countNotes(), String(before + 2));
    const error = await catchError(() =>
      prisma.$transaction([
        prisma.note.create({ data: { personId: 1, text: "c" } }),
        prisma.note.create({ data: { personId: 999, text: "d" } }),
      ]),
    );
    assert.strictEqual((error as { code?: string }).code, "P2003");
    assert.strictEqual(await countNotes(), String(before + 2));
  });
  await program.check("transaction: parallel queries of one transaction", async () => {
    await prisma.$transaction(async (tx) => {
      const ids = Array.from({ length: 10 }, (_, index) => index);
      await Promise.all(ids.map((id) => tx.note.create({ data: { personId: 2, text: `parallel ${id}` } })));
      assert.strictEqual(await tx.note.count({ where: { text: { startsWith: "parallel" } } }), 10);
      assert.strictEqual(await prisma.note.count({ where: { text: { startsWith: "parallel" } } }), 0);
    });
    assert.strictEqual(await prisma.note.count({ where: { text: { startsWith: "parallel" } } }), 10);
  });
  await program.check("transaction: one that takes too long is rolled back", async () => {
    const before = await countNotes();
    const error = await catchError(() =>
      prisma.$transaction(
        async (tx) => {
          await tx.note.create({ data: { personId: 1, text: "late" } });
          await tx.$queryRawUnsafe("SELECT SLEEP(1)");
          await tx.note.create({ data: { personId: 1, text: "later" } });
        },
        { timeout: 200 },
      ),
    );
    assert.strictEqual((error as { code?: string }).code, "P2028");
    assert.strictEqual(await countNotes(), before);
  });
  await program.check(
    "transaction: an isolation level has no effect, for the adapter sets it in another session",
    async () => {
      await program.make("UPDATE Person SET ratio = 1 WHERE id = 2");
      const work = async (tx: PrismaQueries): Promise<unknown[]> => {
        const read = async () => (await tx.person.findUnique({ where: { id: 2 } }))?.["ratio"];
        const first = await read();
        await program.make("UPDATE Person SET ratio = 2 WHERE id = 2");
        return [first, await read()];
      };
      // 2 at last would be right; the day it comes, the line in the package's README goes.
      assert.deepStrictEqual(await prisma.$transaction(work, { isolationLevel: "ReadCommitted" }), [1, 1]);
    },
  );
}

/** Decimals compare by value: their insides differ with how they were made. */
function comparable(row: Row | null): unknown {
  if (row === null) return null;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      Decimal.isDecimal(value)
        ? `decimal ${value.toString()}`
        : value instanceof Uint8Array
          ? [...value]
          : value,
    ]),
  );
}
