import { EXIT, hashPassword, parseOptions, UsageError } from "@rockpool/runtime";
import { readPassword } from "./read-password.ts";

/** Help of `rockpool login hash`. */
export const LOGIN_HASH_HELP = `Usage: rockpool login hash

Reads a password, twice without showing it, or one line from a pipe; prints its hash for logins[].passwordHash.
A password on the command line would be seen by every user of the machine, so none is taken there.

  -h, --help      prints this

Example: openssl rand -hex 12 | tee password.txt | rockpool login hash`;

/** `rockpool login hash`: prints the hash of a password. */
export async function loginHash(args: readonly string[]): Promise<number> {
  const { positionals } = parseOptions(args, {});
  if (positionals.length > 0) {
    throw new UsageError(
      "a password on the command line is seen by every user of this machine: pipe it in, or type it when asked",
    );
  }
  const password = await readPassword(process.stdin, process.stderr);
  if (typeof password !== "string") {
    process.stderr.write(`${password.refused}\n`);
    return EXIT.usage;
  }
  process.stdout.write(`${await hashPassword(password)}\n`);
  return EXIT.ok;
}
