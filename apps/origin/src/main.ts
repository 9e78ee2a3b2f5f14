import { readFileSync } from "node:fs";
import { loadOriginConfig, warnOfOriginConfig } from "@rockpool/config";
import { createSystemPorts, runProgram } from "@rockpool/runtime";
import { openOrigin } from "./origin.ts";

await runProgram({
  name: "origin",
  loadConfig: loadOriginConfig,
  warnOf: warnOfOriginConfig,
  async open(config, log) {
    const { caFile } = config.database.tls;
    const databaseCa = caFile === undefined ? null : readFileSync(caFile, "utf8");
    const origin = await openOrigin(config, { ...createSystemPorts(), log, databaseCa });
    const line = { backhaul: origin.backhaul, admin: origin.admin };
    return { line, close: (drainMaxMs) => origin.close(drainMaxMs) };
  },
});
