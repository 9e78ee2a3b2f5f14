import { createHmac } from "node:crypto";
import type { OriginConfig } from "@rockpool/config";
import { hashPassword } from "@rockpool/runtime";
import type { DatabaseAccount } from "./database/database-target.ts";
import type { ConfiguredLogin, HashPassword } from "./login-directory.ts";

/** The database accounts in use. */
export interface Accounts {
  readonly main: DatabaseAccount;
  /** Every account that a login has had since the start, by name. */
  readonly byName: Map<string, DatabaseAccount>;
}

const SALT_BYTES = 16;

/** The account of the catalogue, to which those of the logins are added as they are read. */
export function createAccounts({ user, password }: OriginConfig["database"]): Accounts {
  const main = accountOf(user, password);
  return { main, byName: new Map([[main.name, main]]) };
}

/** The configured logins with their accounts, which `accounts` knows from then on. */
export function readLogins(logins: OriginConfig["logins"], accounts: Accounts): ConfiguredLogin[] {
  return logins.map((login) => {
    const { readOnly, statements = null, databases = null, networks, limits } = login;
    const account = login.account === undefined ? accounts.main : noteAccount(login.account, accounts);
    const rights = { readOnly, statements, databases };
    return {
      name: login.name,
      schema: login.database,
      account,
      rights,
      networks,
      limits,
      secret: secretOf(login),
    };
  });
}

/**
 * Hashes with a salt that is made of the login's name and the shared secret: an origin that starts again, and every
 * other origin, publishes the same verifier for the same password, and no edge must verify anybody anew.
 */
export function createLoginHash(sharedSecret: string): HashPassword {
  return (password, login) => {
    const mac = createHmac("sha256", sharedSecret).update("rockpool/login-salt/1\0").update(login).digest();
    return hashPassword(password, mac.subarray(0, SALT_BYTES));
  };
}

function accountOf(user: string, password: string): DatabaseAccount {
  return { name: user, user, password, database: null, foundRows: true };
}

function noteAccount(
  { user, password }: { user: string; password: string },
  accounts: Accounts,
): DatabaseAccount {
  const known = accounts.byName.get(user);
  if (known !== undefined && known.password === password) return known;
  const account = accountOf(user, password);
  accounts.byName.set(user, account);
  return account;
}

function secretOf({ password, passwordHash }: OriginConfig["logins"][number]): ConfiguredLogin["secret"] {
  if (passwordHash !== undefined) return { kind: "hash", hash: passwordHash };
  // The configuration has exactly one of the two.
  return { kind: "password", password: password ?? "" };
}
