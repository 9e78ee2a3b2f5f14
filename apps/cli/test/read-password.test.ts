import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { type PasswordSource, readPassword } from "../src/read-password.ts";

/** A terminal on which `typed` is typed. */
function terminal(typed: string) {
  const modes: boolean[] = [];
  const input: PasswordSource = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => modes.push(mode),
  });
  input.push(typed);
  const shown: string[] = [];
  return { input, modes, shown, prompt: { write: (text: string) => (shown.push(text), true) } };
}

test("a terminal is asked twice, shows nothing, and is a normal terminal afterwards", async () => {
  const { input, modes, shown, prompt } = terminal("hunteX\u007f2\rhunte2\r");
  expect(await readPassword(input, prompt)).toBe("hunte2");
  expect([modes, shown.join("")]).toEqual([[true, false], "Password: \nAgain: \n"]);
});

test("two that differ are refused", async () => {
  const { input, prompt } = terminal("one\rtwo\r");
  expect(await readPassword(input, prompt)).toEqual({ refused: "the two are not the same" });
});

test("Ctrl-C and Ctrl-D end it, the terminal restored", async () => {
  for (const key of ["\u0003", "\u0004"]) {
    const { input, modes, prompt } = terminal(`hun${key}`);
    expect(await readPassword(input, prompt)).toEqual({ refused: "no password was given" });
    expect(modes).toEqual([true, false]);
  }
});

test("letters beyond ASCII are letters", async () => {
  const { input, prompt } = terminal("pässwörd🌊\rpässwörd🌊\r");
  expect(await readPassword(input, prompt)).toBe("pässwörd🌊");
});
