export { type AppProcess, startApp } from "./app-process.ts";
export { findLeaks } from "./canary.ts";
export { cellsOf, execute, type RawAnswer } from "./raw-client.ts";
export {
  type ConfigPatch,
  openRig,
  type Rig,
  type RigEdge,
  type RigOptions,
  type RigOrigin,
  waitUntil,
} from "./rig.ts";
