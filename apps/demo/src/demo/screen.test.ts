import { expect, test } from "vitest";
import { createScreen, type ScreenOutput } from "./screen.ts";

const ESC = String.fromCharCode(27);

function createOutput(isTTY: boolean): { output: ScreenOutput; text: () => string } {
  let written = "";
  const write = (chunk: string): void => {
    written += chunk;
  };
  return { output: { write, isTTY, columns: 30 }, text: () => written };
}

test("a frame is drawn over the one before, cut to the width, and the cursor comes back", () => {
  const { output, text } = createOutput(true);
  const screen = createScreen(output, { NO_COLOR: "1" });
  screen.draw(["first", "x".repeat(40)]);
  screen.draw(["second"]);
  screen.end();
  expect(text()).toBe(`${ESC}[?25l${ESC}[Jfirst\n${"x".repeat(29)}\n${ESC}[2A\r${ESC}[Jsecond\n${ESC}[?25h`);
});

test("colours only without NO_COLOR", () => {
  const coloured = createOutput(true);
  createScreen(coloured.output, { NO_COLOR: "" }).draw(["Rockpool"]);
  expect(coloured.text()).toContain(`${ESC}[1mRockpool${ESC}[0m`);
  const plain = createOutput(true);
  createScreen(plain.output, { NO_COLOR: "yes" }).draw(["Rockpool"]);
  expect(plain.text()).not.toContain(`${ESC}[1m`);
});

test.each([
  ["not a terminal", false, {}],
  ["a dumb terminal", true, { TERM: "dumb" }],
])("%s: nothing is drawn", (_, isTTY, env) => {
  const { output, text } = createOutput(isTTY);
  const screen = createScreen(output, env);
  screen.draw(["first"]);
  screen.end();
  expect([screen.isLive, text()]).toEqual([false, ""]);
});
