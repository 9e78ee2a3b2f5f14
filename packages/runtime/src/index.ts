export { AdminDoor, type AdminDoorOptions, type ReadyCheck } from "./admin-door.ts";
export { createDampedWarning } from "./damped-warning.ts";
export { hashPassword, verifyPassword } from "./password-hash.ts";
export { type Program, type RunningProgram, runProgram } from "./run-program.ts";
export { createSystemPorts, type SystemPorts } from "./system-ports.ts";
export { type FileTexts, type WatchedFiles, type WatchedFilesOptions, watchFiles } from "./watched-files.ts";
