import { join } from "node:path";

/** The reporters of a test lane: with `ROCKPOOL_TEST_REPORT_DIR` also `tests-LANE.json` in that folder, for `.ci/run`. */
export function chooseReporters(lane: "fast" | "long") {
  const folder = process.env["ROCKPOOL_TEST_REPORT_DIR"];
  if (folder === undefined) return { reporters: ["default"] };
  return { reporters: ["default", "json"], outputFile: { json: join(folder, `tests-${lane}.json`) } };
}
