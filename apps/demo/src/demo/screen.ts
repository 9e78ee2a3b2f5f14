/** Where a run shows itself. */
export interface Screen {
  /** Replaces what was shown before. On anything but a terminal it does nothing. */
  draw(lines: readonly string[]): void;
  /** Whether `draw` shows anything. */
  readonly isLive: boolean;
  /** Leaves what is shown, below which output goes on. */
  end(): void;
}

/** The part of a terminal's stream that is used. */
export interface ScreenOutput {
  /** Undefined for pipes and files. */
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_TO_END = "\x1b[J";
const BOLD = "\x1b[1m";
const GREEN = "\x1b[32m";
const RED = "\x1b[31m";
const PLAIN = "\x1b[0m";

/** Draws over itself on a terminal; colours unless the environment has a non-empty `NO_COLOR` (no-color.org). */
export function createScreen(
  output: ScreenOutput,
  env: Readonly<Record<string, string | undefined>>,
): Screen {
  const isLive = (output.isTTY ?? false) && env["TERM"] !== "dumb";
  const hasColour = (env["NO_COLOR"] ?? "") === "";
  let height = 0;
  return {
    isLive,
    draw(lines) {
      if (!isLive) return;
      const width = Math.max(20, output.columns ?? 80);
      const shown = lines.map((line) => {
        // A line that wraps would take two rows, and the next frame would start in the wrong one.
        const fitting = line.slice(0, width - 1);
        return hasColour ? paint(fitting) : fitting;
      });
      const up = height === 0 ? HIDE_CURSOR : `\x1b[${height}A\r`;
      output.write(`${up}${CLEAR_TO_END}${shown.join("\n")}\n`);
      height = shown.length;
    },
    end() {
      if (height > 0) output.write(SHOW_CURSOR);
      height = 0;
    },
  };
}

function paint(line: string): string {
  if (line.startsWith("Rockpool")) return `${BOLD}${line}${PLAIN}`;
  if (line.startsWith("ERRORS")) return `${RED}${line}${PLAIN}`;
  if (line.startsWith("checked")) return `${/: 0 older/.test(line) ? GREEN : RED}${line}${PLAIN}`;
  return line.replace(/█+/, (bar) => `${GREEN}${bar}${PLAIN}`);
}
