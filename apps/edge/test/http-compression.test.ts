import { hash } from "node:crypto";
import { connect } from "node:net";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { begin, EdgeBench, type HttpAnswer, row, until } from "./bench.ts";
import { basic } from "./feed-login.ts";
import { ASK, EXECUTE, fill, PROTOCOLS, READ, withHeaders } from "./protocol-questions.ts";

let bench: EdgeBench;
beforeEach(async () => {
  bench = await new EdgeBench().open();
});
afterEach(() => bench.door.close(0));

const DECODE = {
  gzip: (bytes: Buffer) => zlib.gunzipSync(bytes),
  br: (bytes: Buffer) => zlib.brotliDecompressSync(bytes),
  zstd: (bytes: Buffer) => zlib.zstdDecompressSync(bytes),
};
type Coding = keyof typeof DECODE;
const CODINGS = ["gzip", "br", "zstd"] as const satisfies readonly Coding[];

/** The JSON of an answer, compressed or not, without what differs each time. */
function contentOf(answer: HttpAnswer): unknown {
  const coding = answer.headers["content-encoding"];
  const text = coding === undefined ? answer.text : DECODE[coding as Coding](answer.bytes).toString(); // one of ours
  const json = JSON.parse(text) as Record<string, unknown>;
  if (Array.isArray(json)) return json;
  const { session: _session, timing: _timing, ...content } = json;
  return content;
}

describe("compression", () => {
  test.each(CODINGS.flatMap((coding) => PROTOCOLS.map((protocol) => [coding, protocol] as const)))(
    "in %s of %s: miss, hit and plain say the same, and the entry is compressed once",
    async (coding, protocol) => {
      const headers = { "accept-encoding": coding };
      const miss = await fill(bench, protocol, 40, headers);
      const hits = [];
      for (let count = 0; count < 3; count++)
        hits.push(await bench.ask(withHeaders(ASK[protocol](READ), headers)));
      const plain = await bench.ask(ASK[protocol](READ));
      for (const answer of [miss, ...hits]) {
        expect(answer.headers).toMatchObject({ "content-encoding": coding, vary: "accept-encoding" });
        expect(contentOf(answer)).toEqual(contentOf(plain));
        expect(answer.headers["content-length"]).toBe(String(answer.bytes.length));
      }
      expect(plain.headers["content-encoding"]).toBeUndefined();
      expect(plain.headers["vary"]).toBe("accept-encoding");
      const session = bench.codec.fresh(bench.logins.first() ?? raise());
      const entry = bench.engine.lookup(session.session, READ) ?? raise();
      expect(entry.body.renderings.map(({ form }) => form)).toEqual([protocol, `${protocol}+${coding}`]);
    },
  );

  test("is left out below one packet, unless a client takes nothing else", async () => {
    const small = await fill(bench, "psdb", 1, { "accept-encoding": "gzip" });
    expect([small.headers["content-encoding"], small.headers["vary"]]).toEqual([undefined, undefined]);
    const forced = await bench.ask(withHeaders(ASK.psdb(READ), { "accept-encoding": "gzip, identity;q=0" }));
    expect(forced.headers["content-encoding"]).toBe("gzip");
    expect(contentOf(forced)).toEqual(contentOf(small));
  });

  test.each(CODINGS)(
    "in %s of a large entry is made beside the event loop; until then it goes as it is",
    async (coding) => {
      const headers = { "accept-encoding": coding };
      const miss = await fill(bench, "psdb", 2_000, headers);
      // More than is held: compressed while it came, and not known as a whole.
      expect([miss.headers["content-encoding"], miss.headers["content-length"]]).toEqual([coding, undefined]);
      const first = await bench.ask(withHeaders(ASK.psdb(READ), headers));
      expect(first.headers["content-encoding"]).toBeUndefined();
      let later = first;
      while (later.headers["content-encoding"] === undefined)
        later = await bench.ask(withHeaders(ASK.psdb(READ), headers));
      expect(later.headers["rockpool-cache"]).toMatch(/^hit; /);
      for (const answer of [miss, later]) expect(contentOf(answer)).toEqual(contentOf(first));
      expect(later.bytes.length).toBeLessThan(first.bytes.length / 20);
    },
  );

  test("of a client that does not read pauses the origin", async () => {
    const socket = connect(bench.port, "127.0.0.1");
    const body = JSON.stringify({ query: READ });
    socket.write(
      `POST ${EXECUTE} HTTP/1.1\r\nhost: x\r\nauthorization: ${basic("shop", "secret")}\r\n` +
        `accept-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => bench.calls.length > 0);
    const { call } = bench;
    begin(call);
    // Nothing that compresses: what the connection takes is soon full.
    const digests = Array.from({ length: 1_500 }, (_, index) => hash("sha512", String(index), "base64"));
    const chunk = digests.join("");
    let pausedSince = 0;
    let resumeCount = -1;
    await until(() => {
      if (!call.isPaused) row(call, chunk);
      if (call.resumeCount !== resumeCount) pausedSince = performance.now();
      resumeCount = call.resumeCount;
      return call.isPaused && performance.now() - pausedSince > 300;
    });
    expect(call.isPaused).toBe(true);
    socket.destroy();
    await until(() => call.isCancelled);
  });
});

function raise(): never {
  throw new Error("not there");
}
