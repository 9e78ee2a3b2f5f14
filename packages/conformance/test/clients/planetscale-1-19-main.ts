/** `@planetscale/database` 1.19.0, unmodified. */
import type { Client as NewerClient } from "@planetscale/database";
import { Client, DatabaseError } from "planetscale-1-19";
import { runClient } from "./client-program.ts";
import { runPlanetscaleSuite } from "./planetscale-suite.ts";

await runClient("planetscale-1.19", (program) =>
  // The versions' declarations differ only in the name of a private field's class.
  runPlanetscaleSuite(program, {
    open: (url) => new Client({ url }) as unknown as NewerClient,
    DatabaseError,
  }),
);
