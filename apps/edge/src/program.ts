import { type EdgeConfig, loadEdgeConfig, planEdgeReload, warnOfEdgeConfig } from "@rockpool/config";
import { createSystemPorts, type Program } from "@rockpool/runtime";
import { openEdge } from "./edge.ts";

/** The edge as a program, for `runProgram`. */
export const EDGE_PROGRAM: Program<EdgeConfig> = {
  name: "edge",
  loadConfig: loadEdgeConfig,
  warnOf: warnOfEdgeConfig,
  planReload: planEdgeReload,
  async open(config, log) {
    const edge = await openEdge(config, { ...createSystemPorts(), log });
    const { http, https, admin, reloads } = edge;
    const { boundMs, maxAgeMs } = config.freshness;
    return {
      line: { http, ...(https === undefined ? {} : { https }), admin },
      facts: { boundMs, maxAgeMs, origin: config.origin.url },
      reloads,
      announceStop: () => edge.announceStop(),
      close: (drainMaxMs) => edge.close(drainMaxMs),
      reload: (next) => edge.reload(next),
    };
  },
};
