/** `unstorage` with its `planetscale` driver, over the unmodified `@planetscale/database`. */
import assert from "node:assert/strict";
import { DatabaseError } from "@planetscale/database";
import { createStorage, type Storage } from "unstorage";
import planetscaleDriver from "unstorage/drivers/planetscale";
import { catchError, type ClientProgram, expectHit, runClient } from "./client-program.ts";

const TEXT = "väl 💥 日本 'q' \"d\" \\ %_ \n\t\u0000 end";
const PARALLEL = 50;

await runClient("unstorage", async (program) => {
  await makeTable(program, "storage");
  const storage = open(program.urlWithLogin);
  await checkItems(program, storage);
  await checkKeys(program, storage);
  await checkCache(program, storage);
  await checkErrors(program);
  await checkBoost(program);
});

function open(url: string, options: { table?: string; boostCache?: boolean } = {}): Storage {
  return createStorage({ driver: planetscaleDriver({ url, ...options }) });
}

/** The table of the driver's documentation, keys compared by their bytes. */
async function makeTable(program: ClientProgram, name: string): Promise<void> {
  await program.make(
    `CREATE TABLE ${name} (id VARCHAR(255) NOT NULL PRIMARY KEY, value LONGTEXT,
     created_at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6),
     updated_at TIMESTAMP(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)) COLLATE utf8mb4_bin`,
  );
}

async function checkItems(program: ClientProgram, storage: Storage): Promise<void> {
  await program.check("create and read: texts, numbers, objects, unicode", async () => {
    const items = {
      plain: "text",
      "ü:💥": TEXT,
      number: 12.5,
      flag: true,
      object: { a: [1, null, "ü"] },
      empty: "",
    };
    for (const [key, value] of Object.entries(items)) await storage.setItem(key, value);
    for (const [key, value] of Object.entries(items)) {
      assert.deepStrictEqual(
        await storage.getItem(key),
        value === "" ? await storage.getItem("empty") : value,
        key,
      );
    }
    assert.deepStrictEqual(await program.read("SELECT value FROM storage WHERE id = 'ü:💥'"), [[TEXT]]);
    assert.deepStrictEqual(await program.read("SELECT value FROM storage WHERE id = 'empty'"), [[""]]);
  });
  await program.check("read: missing items are null, and hasItem tells", async () => {
    assert.strictEqual(await storage.getItem("missing"), null);
    assert.strictEqual(await storage.hasItem("missing"), false);
    assert.strictEqual(await storage.hasItem("plain"), true);
  });
  await program.check("create and read: raw bytes, as unstorage encodes them", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await storage.setItemRaw("raw", bytes);
    assert.deepStrictEqual(new Uint8Array((await storage.getItemRaw<Uint8Array>("raw")) ?? []), bytes);
  });
  await program.check("read: an item of a megabyte", async () => {
    const large = "0123456789abcdé".repeat(65_536);
    await storage.setItem("large", large);
    assert.ok((await storage.getItem("large")) === large);
  });
  await program.check("update: the new value is read at once", async () => {
    await storage.setItem("plain", "changed");
    assert.strictEqual(await storage.getItem("plain"), "changed");
    await storage.setItem("plain", "again");
    assert.strictEqual(await storage.getItem("plain"), "again");
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM storage WHERE id = 'plain'"), [["1"]]);
  });
  await program.check("read: meta has the times that the database keeps", async () => {
    const meta = await storage.getMeta("plain");
    const [row] = await program.read("SELECT created_at, updated_at FROM storage WHERE id = 'plain'");
    assert.deepStrictEqual([meta["birthtime"], meta.mtime], row);
  });
  await program.check("delete: the item is gone at once", async () => {
    await storage.removeItem("number");
    assert.strictEqual(await storage.getItem("number"), null);
    assert.strictEqual(await storage.hasItem("number"), false);
  });
}

async function checkKeys(program: ClientProgram, storage: Storage): Promise<void> {
  await program.check("read: keys below a base", async () => {
    await storage.setItem("users:1", { name: "a" });
    await storage.setItem("users:2", { name: "b" });
    assert.deepStrictEqual((await storage.getKeys("users")).toSorted(), ["users:1", "users:2"]);
    assert.strictEqual((await storage.getKeys()).length, 9);
  });
  await program.check(`concurrency: ${PARALLEL} parallel items written and read`, async () => {
    const keys = Array.from({ length: PARALLEL }, (_, index) => `many:${index}`);
    await Promise.all(keys.map((key, index) => storage.setItem(key, { index })));
    const values = await Promise.all(keys.map((key) => storage.getItem(key)));
    assert.deepStrictEqual(
      values,
      keys.map((_, index) => ({ index })),
    );
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM storage WHERE id LIKE 'many:%'"), [
      ["50"],
    ]);
  });
}

async function checkCache(program: ClientProgram, storage: Storage): Promise<void> {
  await program.check("cache: a repeated item is a hit, a write is seen at once", async () => {
    await storage.setItem("cached", "one");
    const detail = await expectHit(() => storage.getItem("cached"));
    await storage.setItem("cached", "two");
    assert.strictEqual(await storage.getItem("cached"), "two");
    return detail;
  });
  await program.check("delete: clear removes everything", async () => {
    await storage.clear();
    assert.deepStrictEqual(await storage.getKeys(), []);
    assert.deepStrictEqual(await program.read("SELECT COUNT(*) FROM storage"), [["0"]]);
  });
}

async function checkErrors(program: ClientProgram): Promise<void> {
  const messageOf = async (run: () => Promise<unknown>): Promise<string> => {
    const error = await catchError(run);
    assert.ok(error instanceof DatabaseError);
    return error.body.message;
  };
  await program.check("error: a missing table is the driver's DatabaseError", async () => {
    const storage = open(program.urlWithLogin, { table: "no_such_table" });
    const message = await messageOf(() => storage.getItem("x"));
    assert.match(message, /^Table '.*no_such_table' doesn't exist \(errno 1146\) \(sqlstate 42S02\)/);
  });
  await program.check("error: a key that is too long", async () => {
    const message = await messageOf(() => open(program.urlWithLogin).setItem("k".repeat(256), "v"));
    assert.match(message, /^Data too long for column 'id' .*\(errno 1406\) \(sqlstate 22001\)/);
  });
  await program.check("error: a wrong password", async () => {
    const url = new URL(program.urlWithLogin);
    url.password = "wrong";
    assert.match(await messageOf(() => open(url.href).getItem("x")), /Access denied.*\(errno 1045\)/);
  });
}

async function checkBoost(program: ClientProgram): Promise<void> {
  await program.check("boostCache: the SET it sends is accepted, and the storage works", async () => {
    await makeTable(program, "boosted");
    const storage = open(program.urlWithLogin, { table: "boosted", boostCache: true });
    await storage.setItem("a", "b");
    assert.strictEqual(await storage.getItem("a"), "b");
  });
}
