import { loadEdgeConfig, warnOfEdgeConfig } from "@rockpool/config";
import { createSystemPorts, runProgram } from "@rockpool/runtime";
import { openEdge } from "./edge.ts";

await runProgram({
  name: "edge",
  loadConfig: loadEdgeConfig,
  warnOf: warnOfEdgeConfig,
  async open(config, log) {
    const edge = await openEdge(config, { ...createSystemPorts(), log });
    return { line: { http: edge.http, admin: edge.admin }, close: (drainMaxMs) => edge.close(drainMaxMs) };
  },
});
