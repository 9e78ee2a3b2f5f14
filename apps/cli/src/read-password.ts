import type { Readable, Writable } from "node:stream";

/** Standard input: a pipe, or a terminal. */
export type PasswordSource = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
};

/** No password came. */
export interface NoPassword {
  readonly refused: string;
}

/** What HTTP Basic credentials may be long, and then some. */
const LENGTH_MAX = 1_024;
const CONTROL_C = "\u0003";
const CONTROL_D = "\u0004";

/** Reads one password: from a terminal twice and unseen, prompting on `prompt`; else the one line of a pipe. */
export async function readPassword(
  input: PasswordSource,
  prompt: Pick<Writable, "write">,
): Promise<string | NoPassword> {
  if (input.isTTY !== true || input.setRawMode === undefined) return judge(await readPipe(input));
  input.setRawMode(true);
  input.setEncoding("utf8");
  try {
    const keys = new Keys(input);
    const first = await askHidden(keys, prompt, "Password: ");
    if (typeof first !== "string") return first;
    const again = await askHidden(keys, prompt, "Again: ");
    if (typeof again !== "string") return again;
    return first === again ? judge(first) : { refused: "the two are not the same" };
  } finally {
    input.setRawMode(false);
    input.pause();
  }
}

async function readPipe(input: Readable): Promise<string> {
  input.setEncoding("utf8");
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > LENGTH_MAX + 2) break;
  }
  return text.replace(/\r?\n$/, "");
}

function judge(password: string): string | NoPassword {
  if (password === "") return { refused: "the password is empty" };
  if (password.length > LENGTH_MAX)
    return { refused: `the password is longer than ${LENGTH_MAX} characters` };
  // Control characters, line ends included: no client could send them.
  if (/\p{Cc}/u.test(password))
    return { refused: "the password must be one line without control characters" };
  return password;
}

async function askHidden(
  keys: Keys,
  prompt: Pick<Writable, "write">,
  question: string,
): Promise<string | NoPassword> {
  prompt.write(question);
  let typed: string[] = [];
  for (;;) {
    const key = await keys.next();
    if (key === null || key === CONTROL_C || key === CONTROL_D) {
      prompt.write("\n");
      return { refused: "no password was given" };
    }
    if (key === "\r" || key === "\n") {
      prompt.write("\n");
      return typed.join("");
    }
    if (key === "\b" || key === "\u007f") typed = typed.slice(0, -1);
    else if (typed.length <= LENGTH_MAX) typed.push(key);
  }
}

/** Characters of a terminal, one at a time; null = the end. What a chunk holds beyond one is kept. */
class Keys {
  readonly #chunks: AsyncIterator<unknown>;
  #pending: string[] = [];

  constructor(input: Readable) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  async next(): Promise<string | null> {
    while (this.#pending.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return null;
      this.#pending = Array.from(String(value));
    }
    return this.#pending.shift() ?? null;
  }
}
