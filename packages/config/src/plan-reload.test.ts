import { expect, test } from "vitest";
import { EDGE_SCHEMA } from "./edge-schema.ts";
import { loadEdgeConfig, loadOriginConfig } from "./load-config.ts";
import { ORIGIN_SCHEMA } from "./origin-schema.ts";
import { planEdgeReload, planOriginReload } from "./plan-reload.ts";
import { listConfigKeys } from "./schema-keys.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const edge = (file: object) =>
  loadEdgeConfig({
    file: JSON.stringify({ origin: { url: "http://o:1", sharedSecret: SECRET }, ...file }),
    env: {},
  });
const origin = (password: string, databasePassword = "x") =>
  loadOriginConfig({
    file: JSON.stringify({
      sharedSecret: SECRET,
      database: { user: "u", password: databasePassword, database: "d" },
      logins: [{ name: "a", password, database: "d" }],
    }),
    env: {},
  });

test("what may change changes, the rest is named and stays as it was", () => {
  const current = edge({});
  const next = edge({
    freshness: { boundMs: 5000, heartbeatIntervalMs: 500 },
    access: { allow: ["10.0.0.0/8"] },
    cache: { entryMax: 5 },
    log: { level: "debug" },
  });
  const plan = planEdgeReload(current, next);
  expect(plan.applied).toEqual(["freshness.boundMs", "access.allow", "log.level"]);
  expect(plan.needRestart).toEqual(["cache.entryMax", "freshness.heartbeatIntervalMs"]);
  expect(plan.config.freshness).toEqual({ ...current.freshness, boundMs: 5000 });
  expect(plan.config.access.allow).toEqual(["10.0.0.0/8"]);
  expect(plan.config.cache).toEqual(current.cache);
  expect(Object.isFrozen(plan.config.access.allow)).toBe(true);
  expect(current.freshness.boundMs).toBe(1000);
});

test("what needs a restart is named again at the next reload", () => {
  const next = edge({ cache: { entryMax: 5 } });
  const first = planEdgeReload(edge({}), next);
  expect(planEdgeReload(first.config, next)).toMatchObject({ applied: [], needRestart: ["cache.entryMax"] });
});

test("the same configuration changes nothing", () => {
  expect(planOriginReload(origin("p"), origin("p"))).toMatchObject({ applied: [], needRestart: [] });
});

test("logins change as a whole; secrets are not named by value", () => {
  const plan = planOriginReload(origin("old"), origin("new", "y"));
  expect([plan.applied, plan.needRestart]).toEqual([["logins"], ["database.password"]]);
  expect(plan.config.logins[0]?.password).toBe("new");
  expect(plan.config.database.password).toBe("x");
});

test("no reloadable setting stands in an optional section, which a reload could not make", () => {
  const keys = [...listConfigKeys(EDGE_SCHEMA), ...listConfigKeys(ORIGIN_SCHEMA)];
  const unreachable = keys.filter(({ reload, optionalSection }) => reload && optionalSection !== null);
  expect(unreachable.map(({ path }) => path).filter((path) => !path.includes("[]"))).toEqual([]);
});
