/** `@planetscale/database` 1.20.2, unmodified. */
import { Client, DatabaseError } from "@planetscale/database";
import { runClient } from "./client-program.ts";
import { runPlanetscaleSuite } from "./planetscale-suite.ts";

await runClient("planetscale-1.20", (program) =>
  runPlanetscaleSuite(program, { open: (url) => new Client({ url }), DatabaseError }),
);
