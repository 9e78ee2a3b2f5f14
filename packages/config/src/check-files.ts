import type { ConfigProblem } from "./config-error.ts";
import { describeReadFailure, type ReadFile } from "./read-file.ts";
import type { ConfigKey } from "./schema-keys.ts";
import { valueAt } from "./value-at.ts";

/** Every file that a setting names can be read and holds what it should. */
export function findUnusableFiles(
  config: object,
  keys: readonly ConfigKey[],
  readFile: ReadFile,
): ConfigProblem[] {
  return keys.flatMap((key) => {
    const name = key.file === null ? undefined : valueAt(config, key.path);
    if (key.file === null || typeof name !== "string") return [];
    const wrong = findWrong(name, key.file, readFile);
    return wrong === null ? [] : [{ key: key.path, ...wrong }];
  });
}

function findWrong(
  name: string,
  kind: "certificate" | "key",
  readFile: ReadFile,
): { problem: string; fix: string } | null {
  let text: string;
  try {
    text = readFile(name);
  } catch (error) {
    return {
      problem: describeReadFailure(error),
      fix: "give the name of a PEM file, from the folder in which the program starts or from /, and let its user read it",
    };
  }
  if (kind === "certificate" && !text.includes("-----BEGIN CERTIFICATE-----")) {
    return {
      problem: "names a file without a PEM certificate",
      fix: "give the file that begins with -----BEGIN CERTIFICATE-----",
    };
  }
  if (kind === "key" && !/-----BEGIN (\w+ )*PRIVATE KEY-----/.test(text)) {
    return {
      problem: "names a file without a PEM private key",
      fix: "give the file that holds -----BEGIN … PRIVATE KEY-----",
    };
  }
  return null;
}
