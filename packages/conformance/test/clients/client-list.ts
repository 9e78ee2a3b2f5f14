/** Every client that is driven; the program of each is `<name>-main.ts`. */
export const CLIENTS: readonly string[] = [
  "planetscale-1-19",
  "planetscale-1-20",
  "drizzle",
  "kysely",
  "prisma",
  "unstorage",
  "db0",
  "polyscale",
  "tidb",
];

/** Those whose requests differ from all others': enough for the fast lane. */
export const FAST_CLIENTS: readonly string[] = [
  "planetscale-1-20",
  "drizzle",
  "kysely",
  "prisma",
  "polyscale",
  "tidb",
];
