import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { loadOriginConfig } from "./load-config.ts";

const SEED = Number(process.env["SEED"] ?? 20_261_122);
/** A secret that somebody wrote into the wrong place. */
const CANARY = "hunter2hunter2";

const piece = fc.oneof(
  fc.constantFrom(
    "sharedSecret",
    "database",
    "logins",
    "password",
    "name",
    ": ",
    ":",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "'",
    "&a ",
    "*a",
    "!tag ",
    "|\n",
    "#",
    "%YAML 1.1\n",
    "---\n",
    "? ",
    "<<",
    "null",
    "1e9",
  ),
  fc.string({ maxLength: 5 }),
);

test(`whatever a file says, it is read or refused, and no value is quoted (SEED=${SEED})`, () => {
  const value = fc.constantFrom(
    `: ${CANARY}\n`,
    `: "${CANARY}"\n`,
    `: [${CANARY}]\n`,
    `: !${CANARY}\n`,
    `: *${CANARY}\n`,
  );
  const text = fc.tuple(fc.array(piece, { maxLength: 30 }), value, fc.array(piece, { maxLength: 10 }));
  fc.assert(
    fc.property(text, ([before, secret, after]) => {
      const file = [...before, "\npassword", secret, ...after].join("");
      let message = "";
      try {
        loadOriginConfig({ file, fileName: "origin.yaml", env: {} });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        message = String(error);
      }
      expect(message).not.toContain(CANARY);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});
