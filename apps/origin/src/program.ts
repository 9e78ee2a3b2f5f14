import { readFileSync } from "node:fs";
import { loadOriginConfig, type OriginConfig, planOriginReload, warnOfOriginConfig } from "@rockpool/config";
import { createSystemPorts, type Program } from "@rockpool/runtime";
import { openOrigin } from "./origin.ts";

/** The origin as a program, for `runProgram`. */
export const ORIGIN_PROGRAM: Program<OriginConfig> = {
  name: "origin",
  loadConfig: loadOriginConfig,
  warnOf: warnOfOriginConfig,
  planReload: planOriginReload,
  async open(config, log) {
    const { caFile } = config.database.tls;
    const databaseCa = caFile === undefined ? null : readFileSync(caFile, "utf8");
    const origin = await openOrigin(config, { ...createSystemPorts(), log, databaseCa });
    const { consistency } = config.freshness;
    return {
      line: { backhaul: origin.backhaul, admin: origin.admin },
      facts: { consistency, database: `${config.database.host}:${config.database.port}` },
      reloads: origin.reloads,
      announceStop: () => origin.announceStop(),
      close: (drainMaxMs) => origin.close(drainMaxMs),
      reload(next) {
        origin.logTemplates(next.log.statements === "template");
        return origin.replaceLogins(next.logins);
      },
    };
  },
};
