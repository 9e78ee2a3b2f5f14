import { RockpoolError } from "@rockpool/base";
import { expect, test } from "vitest";
import type { ConnectionPool } from "../../src/database/connection-pool.ts";
import type { PoolableConnection, PoolLimits, PoolPurpose } from "../../src/database/pool-port.ts";

/** What the contract needs of whatever is behind the pool. */
export interface PoolHarness<C extends PoolableConnection> {
  /** A pool with these limits; closed by the suite. */
  open(limits: Partial<PoolLimits>): ConnectionPool<C>;
  /** Leaves session state on a connection that a reset must remove. */
  leaveState(connection: C): Promise<void>;
  /** Whether that state is there. */
  hasState(connection: C): Promise<boolean>;
  /** Cuts the connection as the network or the server would. */
  cut(connection: C): Promise<void>;
}

/** What every pool promises, on a fake and on a real server alike. */
export function testConnectionPool<C extends PoolableConnection>(
  name: string,
  harness: () => PoolHarness<C>,
): void {
  const withPool = async (
    limits: Partial<PoolLimits>,
    body: (
      acquire: (purpose?: PoolPurpose, login?: string) => Promise<C>,
      pool: ConnectionPool<C>,
      server: PoolHarness<C>,
    ) => Promise<void>,
  ) => {
    const server = harness();
    const pool = server.open({ minWarm: 0, ...limits });
    try {
      await body(
        (purpose = "shared", login = "app") => pool.acquire({ account: "main", purpose, login }),
        pool,
        server,
      );
    } finally {
      await pool.close(0);
    }
  };

  test(`${name}: many share few, and everybody gets a turn`, () =>
    withPool({ max: 4 }, async (acquire, pool) => {
      let mostAtOnce = 0;
      let held = 0;
      const work = Array.from({ length: 200 }, async (_, index) => {
        const connection = await acquire("shared", `login${index % 7}`);
        held += 1;
        mostAtOnce = Math.max(mostAtOnce, held);
        await Promise.resolve();
        held -= 1;
        pool.release(connection, { reset: false });
      });
      await Promise.all(work);

      expect(mostAtOnce).toBeLessThanOrEqual(4);
      expect(pool.stats()).toMatchObject({ total: 4, idle: 4, waiting: 0, openedCount: 4 });
    }));

  test(`${name}: when all that may be pinned is, sharing goes on and the next one is told in time`, () =>
    withPool({ max: 4, pinnedMax: 3, waitTimeoutMs: 50 }, async (acquire, pool) => {
      const pins = await Promise.all([acquire("pinned"), acquire("pinned"), acquire("pinned")]);
      await expect(acquire("pinned")).rejects.toMatchObject({ code: "pool-exhausted" });
      const shared = await acquire();
      expect(pool.stats()).toMatchObject({ pinned: 3, shared: 1 });
      for (const connection of [...pins, shared]) pool.release(connection, { reset: false });

      pool.release(await acquire("pinned"), { reset: false });
    }));

  test(`${name}: what one session left, the next one does not find (S1)`, () =>
    withPool({ max: 1 }, async (acquire, pool, server) => {
      const first = await acquire("pinned");
      await server.leaveState(first);
      pool.release(first, { reset: true });
      const second = await acquire("pinned");

      expect(second).toBe(first);
      expect(await server.hasState(second)).toBe(false);
      pool.release(second, { reset: false });
    }));

  test(`${name}: a connection that broke is replaced, idle or not`, () =>
    withPool({ max: 1 }, async (acquire, pool, server) => {
      const idle = await acquire();
      pool.release(idle, { reset: false });
      await server.cut(idle);
      const used = await acquire();
      expect(used).not.toBe(idle);
      await server.cut(used);
      pool.release(used, { reset: true });
      const last = await acquire();

      expect(last).not.toBe(used);
      pool.release(last, { reset: false });
    }));

  test(`${name}: draining replaces everything, at the latest when it comes back`, () =>
    withPool({ max: 2 }, async (acquire, pool) => {
      const [busy, idle] = await Promise.all([acquire(), acquire()]);
      pool.release(idle, { reset: false });
      pool.drain();
      const fresh = await acquire();

      expect([pool.isCurrent(busy), pool.isCurrent(idle), pool.isCurrent(fresh)]).toEqual([
        false,
        false,
        true,
      ]);
      expect(idle.brokenBy).toBeInstanceOf(RockpoolError);
      expect(busy.brokenBy).toBeNull();
      pool.release(busy, { reset: false });
      expect(busy.brokenBy).not.toBeNull();
      pool.release(fresh, { reset: false });
    }));

  test(`${name}: after closing there is nothing`, () =>
    withPool({ max: 2 }, async (acquire, pool) => {
      const connection = await acquire();
      await pool.close(10);

      expect(connection.brokenBy).not.toBeNull();
      await expect(acquire()).rejects.toMatchObject({ code: "shutting-down" });
      expect(pool.stats().total).toBe(0);
    }));
}
