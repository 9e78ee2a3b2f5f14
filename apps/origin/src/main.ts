import { runProgram } from "@rockpool/runtime";
import { ORIGIN_PROGRAM } from "./program.ts";

await runProgram(ORIGIN_PROGRAM);
