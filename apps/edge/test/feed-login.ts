import { ALL_RIGHTS } from "@rockpool/base";
import type { FeedLogin } from "@rockpool/protocol/backhaul";

const NO_LIMITS = {
  connectionsMax: 0,
  concurrentStatementsMax: 0,
  statementsPerSecondMax: 0,
  bytesPerSecondMax: 0,
};

/** A login as the feed tells it; its verifier is one that `verifyFast` understands. */
export function feedLogin(name: string, password: string, changes: Partial<FeedLogin> = {}): FeedLogin {
  const verifier = `hash of ${password}`;
  const nothing = { rights: ALL_RIGHTS, networks: [], limits: NO_LIMITS };
  return { name, verifier, schema: "app", account: "shop_db", ...nothing, ...changes };
}

/** Stands for scrypt where the time it takes does not matter. */
export function verifyFast(password: string, verifier: string): Promise<boolean> {
  return Promise.resolve(verifier === `hash of ${password}`);
}

/** An `Authorization` header. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}
