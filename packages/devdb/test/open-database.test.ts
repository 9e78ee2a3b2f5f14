import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase, openPrivateDatabase, type PrivateDatabase } from "../src/index.ts";
import { parseDatabaseUrl } from "../src/open-database.ts";

describe("the user's own server", () => {
  let server: PrivateDatabase;

  beforeAll(async () => {
    server = await openPrivateDatabase();
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.stop();
  });

  test("DATABASE_URL gives a handle that leaves the server alone", async () => {
    const { user, password, host, port } = server;
    vi.stubEnv("DATABASE_URL", `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/own%60db`);
    const database = await openDatabase();
    expect(database).toMatchObject({
      host,
      port,
      user,
      password,
      database: "own`db",
      pid: null,
      socketPath: null,
    });
    expect(database.serverVersion).toBe(server.serverVersion);
    await database.stop();
    await expect(database.kill()).rejects.toThrow("not ours");
    await expect(database.restart()).rejects.toThrow("not ours");
    expect(() => database.freeze()).toThrow("not ours");
    expect(() => database.resume()).toThrow("not ours");
    expect((await openDatabase()).serverVersion).toBe(server.serverVersion);
  });

  test("a wrong password is the server's own error", async () => {
    vi.stubEnv("DATABASE_URL", `mysql://${server.user}:wrong@${server.host}:${server.port}/x`);
    await expect(openDatabase()).rejects.toMatchObject({ code: "ER_ACCESS_DENIED_ERROR" });
  });
});

test.each([
  ["mysql://a:b@h:1/d", { user: "a", password: "b", host: "h", port: 1, database: "d" }],
  ["mariadb://a@h", { user: "a", password: "", host: "h", port: 3306, database: "rockpool" }],
  ["mysql://a:p%40%2F@[::1]/", { user: "a", password: "p@/", host: "::1", port: 3306, database: "rockpool" }],
])("%s", (url, expected) => {
  expect(parseDatabaseUrl(url)).toEqual(expected);
});

test.each(["", "postgres://a:b@h/d", "mysql://h/d", "nonsense"])(
  "%j is refused without being quoted",
  (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(/^DATABASE_URL must look like/);
  },
);
