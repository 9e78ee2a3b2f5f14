export { AdminDoor, type AdminDoorOptions, type ReadyCheck } from "./admin-door.ts";
export { type Program, type RunningProgram, runProgram } from "./run-program.ts";
export { createSystemPorts, type SystemPorts } from "./system-ports.ts";
