import { ALL_RIGHTS } from "@rockpool/base";
import { parsePasswordHash } from "@rockpool/config";
import { verifyPassword } from "@rockpool/runtime";
import { expect, test } from "vitest";
import { createAccounts, createLoginHash, readLogins } from "../src/database-accounts.ts";
import { type ConfiguredLogin, LoginDirectory } from "../src/login-directory.ts";

const LIMITS = {
  connectionsMax: 0,
  concurrentStatementsMax: 0,
  statementsPerSecondMax: 0,
  bytesPerSecondMax: 0,
};
const ACCOUNT = { name: "db", user: "db", password: "p", database: null, foundRows: true };

function login(name: string, password: string, changes: Partial<ConfiguredLogin> = {}): ConfiguredLogin {
  return {
    name,
    schema: "app",
    account: ACCOUNT,
    rights: ALL_RIGHTS,
    networks: [],
    limits: LIMITS,
    secret: { kind: "password", password },
    ...changes,
  };
}

/** A directory whose hashes are counted, and cost nothing. */
function open() {
  const hashed: string[] = [];
  const directory = new LoginDirectory((password, name) => {
    hashed.push(name);
    return Promise.resolve(`hash of ${password}`);
  });
  return { directory, hashed };
}

test("is empty before the first list", () => {
  const { directory } = open();
  expect([directory.find("web"), directory.published]).toEqual([null, []]);
});

test("publishes verifiers, rights and limits, and no password", async () => {
  const { directory } = open();
  const secret = { kind: "hash", hash: "$scrypt$given" } as const;
  const limits = { ...LIMITS, statementsPerSecondMax: 5 };
  await directory.replace([
    login("web", "a"),
    login("job", "", { secret, limits, networks: ["10.0.0.0/8"] }),
  ]);
  expect(directory.published).toEqual([
    {
      name: "web",
      verifier: "hash of a",
      schema: "app",
      account: "db",
      rights: ALL_RIGHTS,
      networks: [],
      limits: LIMITS,
    },
    {
      name: "job",
      verifier: "$scrypt$given",
      schema: "app",
      account: "db",
      rights: ALL_RIGHTS,
      networks: ["10.0.0.0/8"],
      limits,
    },
  ]);
});

test("a new list hashes only what is new, and names the logins whose sessions must end", async () => {
  const { directory, hashed } = open();
  await directory.replace([
    login("same", "a"),
    login("gone", "b"),
    login("rights", "c"),
    login("password", "d"),
  ]);
  const same = directory.find("same");
  const changed: string[][] = [];
  const readOnly = { ...ALL_RIGHTS, readOnly: true };
  await directory.replace(
    [
      login("same", "a"),
      login("rights", "c", { rights: readOnly }),
      login("password", "e"),
      login("new", "f"),
    ],
    (names) => changed.push([...names]),
  );
  expect(hashed).toEqual(["same", "gone", "rights", "password", "password", "new"]);
  expect(changed).toEqual([["gone", "rights"]]);
  expect(directory.find("same")).toBe(same);
  expect([directory.find("gone"), directory.find("rights")?.rights.readOnly]).toEqual([null, true]);
  expect(directory.published.map(({ verifier }) => verifier)).toEqual([
    "hash of a",
    "hash of c",
    "hash of e",
    "hash of f",
  ]);
});

test("lists take effect in the order in which they were given", async () => {
  const ends: (() => void)[] = [];
  const directory = new LoginDirectory(() => new Promise((resolve) => ends.push(() => resolve("h"))));
  const first = directory.replace([login("one", "a")]);
  const second = directory.replace([login("two", "b", { secret: { kind: "hash", hash: "h" } })]);
  await expect.poll(() => ends.length).toBe(1);
  expect(directory.published).toEqual([]);
  ends[0]?.();
  await Promise.all([first, second]);
  expect(directory.published.map(({ name }) => name)).toEqual(["two"]);
});

test("a list that cannot be hashed changes nothing, and the next one is taken", async () => {
  let fails = true;
  const directory = new LoginDirectory(() =>
    fails ? Promise.reject(new Error("no memory")) : Promise.resolve("h"),
  );
  await expect(directory.replace([login("web", "a")])).rejects.toThrow("no memory");
  expect(directory.find("web")).toBeNull();
  fails = false;
  await directory.replace([login("web", "a")]);
  expect(directory.find("web")).not.toBeNull();
});

test("plain passwords are hashed with scrypt, alike at every start and unlike for another login", async () => {
  const hash = createLoginHash("0123456789abcdef0123456789abcdef");
  const [one, again, other] = await Promise.all([hash("pw", "web"), hash("pw", "web"), hash("pw", "job")]);
  expect(one).toBe(again);
  expect(one).not.toBe(other);
  expect(parsePasswordHash(one ?? "")).toMatchObject({ costLog2: 14, blockSize: 8, parallelism: 1 });
  expect(await verifyPassword("pw", one ?? "")).toBe(true);
});

test("an account is the same object until its password changes", () => {
  const accounts = createAccounts({ user: "main", password: "m" } as Parameters<typeof createAccounts>[0]);
  const base = { name: "web", password: "x", database: "app", readOnly: false, networks: [], limits: LIMITS };
  const read = (password: string) =>
    readLogins([base, { ...base, name: "job", account: { user: "job", password } }], accounts);
  const [web, job] = read("1");
  expect(web?.account).toBe(accounts.main);
  expect(read("1")[1]?.account).toBe(job?.account);
  expect(read("2")[1]?.account).not.toBe(job?.account);
  expect(accounts.byName.get("job")?.password).toBe("2");
});
