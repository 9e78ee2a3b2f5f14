import { runProgram } from "@rockpool/runtime";
import { EDGE_PROGRAM } from "./program.ts";

await runProgram(EDGE_PROGRAM);
