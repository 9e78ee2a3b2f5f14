import { matchesByLine, type Rule } from "./project.ts";

// Spelled in pieces so that this file does not find itself.
const WORDS = ["TO DO", "FIX ME", "X XX", "HA CK"].map((word) => word.replace(" ", ""));
const MARKERS = new RegExp(String.raw`\b(?:${WORDS.join("|")})\b`, "g");
const MACHINE_FOLDERS = ["work", "root", "home", "Users"];
const MACHINE_PATH = new RegExp(String.raw`(?<![.\w-])/(?:${MACHINE_FOLDERS.join("|")})/`, "g");

/** Open ends go into the issue tracker, where somebody sees them. */
export const openMarkerRule: Rule = {
  name: "open-marker",
  *check(files) {
    for (const { path, text } of files.values()) {
      for (const { line, match } of matchesByLine(text, MARKERS)) {
        yield { path, line, message: `${match[0]}: finish it, or file an issue` };
      }
    }
  },
};

/** Nothing in the repository knows the machine it was written on. */
export const machinePathRule: Rule = {
  name: "machine-path",
  *check(files) {
    for (const { path, text } of files.values()) {
      for (const { line, match } of matchesByLine(text, MACHINE_PATH)) {
        yield { path, line, message: `${match[0]}: a path of one machine` };
      }
    }
  },
};
