import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attacker, flood, openAttacker } from "../src/attacker.ts";
import { watchHarm } from "../src/bystander.ts";
import { FLAG, FRAME, frame, frameTypes, headerBlock, PREFACE, word } from "../src/h2-frames.ts";
import { openRig, type Rig, waitUntil } from "../src/rig.ts";

// Attacks on the door of a real edge. Each time: the right answer, other clients unharmed, bounded memory, still alive.

let rig: Rig;
let base: string;
const attackers: Attacker[] = [];

beforeAll(async () => {
  rig = await openRig({
    edgeConfig: { limits: { headersTimeoutMs: 1_000, requestTimeoutMs: 3_000, connectionsMax: 1_000 } },
  });
  base = rig.edges[0]?.line.http ?? "";
});
afterAll(() => rig.close());

/** An idle edge (100 MiB), the budget for bodies (256 MiB), the same again as text, and what V8 has not collected yet. */
const RSS_MAX_MIB = 800;
const PATH = "/psdb.v1alpha1.Database/Execute";

async function attack(name: string, run: () => Promise<void>): Promise<void> {
  const harm = await watchHarm(rig, run);
  for (const { socket } of attackers.splice(0)) socket.destroy();
  process.stdout.write(
    `${name}: others' p99 ${harm.p99Ms.toFixed(1)} ms over ${harm.statementCount} statements, RSS ${harm.rssMiB.toFixed(0)} MiB\n`,
  );
  expect(harm.failures).toEqual([]);
  expect(harm.statementCount).toBeGreaterThan(0);
  expect(harm.rssMiB).toBeLessThan(RSS_MAX_MIB);
  expect((await fetch(`${rig.edges[0]?.line.admin}/livez`)).status).toBe(200);
}

function open(): Attacker {
  const attacker = openAttacker(base);
  attackers.push(attacker);
  return attacker;
}

function authorization(): string {
  return `Basic ${Buffer.from(`${rig.login.user}:${rig.login.password}`).toString("base64")}`;
}

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<number> {
  return fetch(base + PATH, {
    method: "POST",
    headers: { authorization: authorization(), "content-type": "application/json", ...headers },
    body,
  }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    // Refused while it was still sending.
    () => 0,
  );
}

async function statuses(count: number, ask: () => Promise<number>): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let done = 0; done < count; done += 20) {
    for (const status of await Promise.all(Array.from({ length: 20 }, ask))) seen.add(status);
  }
  return seen;
}

/** Opens many connections, lets each speak, and waits until the edge has closed all of them. */
async function outlast(
  count: number,
  speak: (attacker: Attacker, index: number) => void,
): Promise<Attacker[]> {
  const all = Array.from({ length: count }, (_, index) => {
    const attacker = open();
    speak(attacker, index);
    return attacker;
  });
  await Promise.all(all.map((attacker) => attacker.closed()));
  return all;
}

const HEAD = `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;

test("malformed JSON, NULs, bytes that are no UTF-8", async () => {
  await attack("malformed bodies", async () => {
    for (const body of ["{", "null", '{"query":1}', '{"query":"a\0b"', Buffer.from([0x22, 0xff, 0x22])]) {
      expect(await statuses(200, () => post(body))).toEqual(new Set([400]));
    }
  });
});

test("JSON that is nested five million times", async () => {
  await attack("deep JSON", async () => {
    const deep = "[".repeat(5_000_000);
    expect(await statuses(20, () => post(deep))).toEqual(new Set([400]));
  });
});

test("bodies of 100 MB, announced and not", async () => {
  await attack("huge bodies", async () => {
    const announced = open();
    announced.socket.write(`${HEAD}authorization: ${authorization()}\r\ncontent-length: 100000000\r\n\r\n{`);
    await announced.closed();
    expect(announced.heard()).toMatch(/^HTTP\/1\.1 413 /);
    const piece = Buffer.alloc(64 * 1024, 0x20);
    const chunk = Buffer.concat([
      Buffer.from(`${piece.length.toString(16)}\r\n`),
      piece,
      Buffer.from("\r\n"),
    ]);
    const uploads = Array.from({ length: 12 }, async () => {
      const attacker = open();
      attacker.socket.write(`${HEAD}authorization: ${authorization()}\r\ntransfer-encoding: chunked\r\n\r\n`);
      await flood(attacker, chunk, 1_600);
      await attacker.closed();
      return attacker.heard().slice(9, 12);
    });
    for (const status of await Promise.all(uploads)) expect(["413", "503", "408"]).toContain(status);
  });
});

test("decompression bombs are not unpacked", async () => {
  await attack("gzip bombs", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(await statuses(100, () => post(bomb, { "content-encoding": "gzip" }))).toEqual(new Set([415]));
  });
});

test("slow loris: headers and bodies that trickle, over HTTP/1.1", async () => {
  await attack("slow loris, HTTP/1.1", async () => {
    const trickle = (attacker: Attacker, begin: string): void => {
      attacker.socket.write(begin);
      const timer = setInterval(() => attacker.socket.write("x"), 200);
      attacker.socket.on("close", () => clearInterval(timer));
    };
    const body = `${HEAD}authorization: ${authorization()}\r\ncontent-length: 1000\r\n\r\n`;
    const all = await outlast(300, (it, index) => trickle(it, index % 2 === 0 ? `${HEAD}a: ` : body));
    for (const attacker of all) expect(attacker.heard()).toMatch(/^HTTP\/1\.1 408 /);
  });
});

test("slow loris over HTTP/2: nothing, half a header, half a body", async () => {
  await attack("slow loris, HTTP/2", async () => {
    const ask = headerBlock({ ":path": PATH, "content-type": "application/json" });
    await outlast(100, ({ socket }) => void socket.write(PREFACE));
    await outlast(100, ({ socket }) => {
      socket.write(Buffer.concat([PREFACE, frame(FRAME.headers, 0, 1, ask.subarray(0, 10))]));
    });
    const login = Buffer.concat([ask, literal("authorization", authorization())]);
    const slow = Array.from({ length: 100 }, () => {
      const attacker = open();
      const head = frame(FRAME.headers, FLAG.endHeaders, 1, login);
      attacker.socket.write(Buffer.concat([PREFACE, head, frame(FRAME.data, 0, 1, Buffer.from("{"))]));
      return attacker;
    });
    // The answer (408), and that the rest is not wanted.
    const isRefused = (it: Attacker): boolean =>
      frameTypes(it.heardBytes()).includes(FRAME.reset) || it.isClosed;
    await waitUntil(() => slow.every(isRefused), 20_000);
    expect(slow.filter(isRefused)).toHaveLength(100);
  });
});

test("HTTP/2 rapid reset", async () => {
  await attack("rapid reset", async () => {
    const block = headerBlock({ ":path": PATH, "content-type": "application/json" });
    const all = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const attacker = open();
        attacker.socket.write(PREFACE);
        let sent = 0;
        for (let id = 1; id < 100_000 && !attacker.isClosed; id += 200) {
          const burst = Array.from({ length: 100 }, (_, n) => [
            frame(FRAME.headers, FLAG.endHeaders, id + 2 * n, block),
            frame(FRAME.reset, 0, id + 2 * n, word(8)),
          ]);
          sent += await flood(attacker, Buffer.concat(burst.flat()), 1);
        }
        await attacker.closed();
        return sent;
      }),
    );
    expect(all).toHaveLength(4);
  });
});

test("floods of CONTINUATION, SETTINGS and PING frames", async () => {
  await attack("CONTINUATION flood", async () => {
    const attacker = open();
    attacker.socket.write(Buffer.concat([PREFACE, frame(FRAME.headers, 0, 1, headerBlock({}))]));
    await flood(attacker, frame(FRAME.continuation, 0, 1, literal("a", "b")), 100_000);
    await attacker.closed();
    expect(attacker.isClosed).toBe(true);
  });
  for (const [name, piece] of [
    ["SETTINGS flood", frame(FRAME.settings, 0, 0)],
    ["PING flood", frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ["empty DATA flood", frame(FRAME.data, 0, 1)],
  ] as const) {
    await attack(name, async () => {
      const attacker = open();
      // It never reads the acknowledgements.
      attacker.socket.pause();
      attacker.socket.write(
        Buffer.concat([PREFACE, frame(FRAME.headers, FLAG.endHeaders, 1, headerBlock({}))]),
      );
      await flood(attacker, Buffer.concat(Array.from({ length: 1_000 }, () => piece)), 500);
    });
  }
});

test("header bombs: sizes, numbers, and HPACK's table", async () => {
  await attack("header bombs", async () => {
    const large = `GET / HTTP/1.1\r\nhost: x\r\na: ${"x".repeat(1_000_000)}\r\n\r\n`;
    const many = `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(100_000)}\r\n`;
    for (const [index, it] of (
      await outlast(40, ({ socket }, n) => void socket.write(n % 2 ? large : many))
    ).entries())
      expect(it.heard(), String(index)).toMatch(/^HTTP\/1\.1 431 /);
    // One entry of 3,900 bytes in the dynamic table, named by one byte 10,000 times: 39 MB of headers in 14 kB.
    const insert = Buffer.concat([
      Buffer.from([0x40, 1, 0x61]),
      encodeLength(3_900),
      Buffer.alloc(3_900, 0x62),
    ]);
    const bomb = Buffer.concat([headerBlock({}), insert, Buffer.alloc(10_000, 0x80 | 62)]);
    const session = open();
    session.socket.write(PREFACE);
    for (let id = 1; id < 100; id += 2)
      session.socket.write(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, bomb));
    await waitUntil(() => frameTypes(session.heardBytes()).includes(FRAME.reset) || session.isClosed);
  });
});

test("URLs of a megabyte", async () => {
  await attack("long URLs", async () => {
    const url = `GET /${"x".repeat(1_000_000)} HTTP/1.1\r\nhost: x\r\n\r\n`;
    for (const it of await outlast(40, ({ socket }) => void socket.write(url)))
      expect(it.heard()).toMatch(/^HTTP\/1\.1 414 /);
  });
});

test("pipelining without reading", async () => {
  await attack("pipelining", async () => {
    const body = JSON.stringify({ query: "SELECT SLEEP(1)" });
    const request = `${HEAD}authorization: ${authorization()}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const all = Array.from({ length: 20 }, async () => {
      const attacker = open();
      attacker.socket.pause();
      return flood(attacker, Buffer.from(request.repeat(100)), 20);
    });
    const sent = await Promise.all(all);
    // Reading stops long before: no connection has more under way than a few.
    for (const one of sent) expect(one).toBeLessThanOrEqual(20);
  });
});

test("session tokens that are cut short, changed, or of somebody else", async () => {
  const opened = await fetch(base + PATH, {
    method: "POST",
    headers: { authorization: authorization(), "content-type": "application/json" },
    body: JSON.stringify({ query: "SELECT 1" }),
  });
  const { session } = (await opened.json()) as { session: { signature: string } }; // the wire form under test
  await attack("session tokens", async () => {
    const { signature } = session;
    const forged = [
      signature.slice(0, -1),
      signature.slice(1),
      `${signature}A`,
      signature.repeat(50),
      "",
      "\0",
    ];
    for (let cut = 1; cut < signature.length; cut += 5) forged.push(signature.slice(0, cut));
    for (const one of forged) {
      expect(await post(JSON.stringify({ query: "SELECT 1", session: { signature: one } }))).toBe(403);
    }
    // The same token again is no attack: it says what the session is, and nothing else.
    for (let again = 0; again < 3; again += 1)
      expect(await post(JSON.stringify({ query: "SELECT 1", session }))).toBe(200);
  });
});

/** A literal header field with a value of any length. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    encodeLength(value.length),
    Buffer.from(value),
  ]);
}

/** The length of a string without Huffman coding (RFC 7541, 5.1). */
function encodeLength(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
