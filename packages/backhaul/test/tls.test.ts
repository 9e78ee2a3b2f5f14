import * as net from "node:net";
import * as tls from "node:tls";
import { openFaultProxy } from "@rockpool/devdb";
import { createTestAuthority, type TestCertificate } from "@rockpool/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type BackhaulServerTls, FeedClient, type LinkTls } from "../src/index.ts";
import { answerWhole, Cleanup, linkOptions, noJitter, openClient, openServer, send, until } from "./peers.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const authority = createTestAuthority("ours");
const stranger = createTestAuthority("a stranger's");
const TRUST: LinkTls = { ca: authority.certificate, identity: null, serverName: null };

function serverTls(changes: Partial<BackhaulServerTls> = {}, shown = authority.issue("origin")) {
  return { ...shown, clientCa: null, ...changes };
}

function edgeWith(identity: TestCertificate): LinkTls {
  return { ...TRUST, identity };
}

/** Opens a feed and tells why it has no connection, or that it has one. */
async function tryFeed(port: number, trust: LinkTls): Promise<string> {
  let answer = "";
  const feed = new FeedClient(
    {
      ...linkOptions({ host: "127.0.0.1", port }, { connectTimeoutMs: 1_000 }),
      url: `https://127.0.0.1:${port}`,
      tls: () => trust,
      heartbeatIntervalMs: 1_000,
      silenceMaxMs: 10_000,
      clock: { now: () => performance.now(), wallMs: () => 0 },
      random: noJitter,
    },
    {
      hello: () => ({ version: 1, epoch: null, applied: 0 }),
      onMessage() {},
      onPong() {},
      onLost() {},
      onUnreachable: (reason) => (answer ||= reason),
    },
  );
  cleanup.add(() => feed.close());
  await until(() => {
    if (feed.isOpen) answer ||= "open";
    return answer !== "";
  });
  feed.close();
  return answer;
}

describe("an edge says why it has no connection", () => {
  const mtls = { clientCa: authority.certificate };
  test.each<[string, BackhaulServerTls, LinkTls, RegExp]>([
    ["all is well", serverTls(), TRUST, /^open$/],
    ["an authority that is not trusted", serverTls(), { ...TRUST, ca: stranger.certificate }, /caFile/],
    ["the system's authorities", serverTls(), { ...TRUST, ca: null }, /caFile/],
    ["another name", serverTls({}, authority.issue("o", { names: ["o.example"] })), TRUST, /serverName/],
    [
      "the name that was told",
      serverTls({}, authority.issue("o", { names: ["o.example"] })),
      { ...TRUST, serverName: "o.example" },
      /^open$/,
    ],
    ["expired", serverTls({}, authority.issue("o", { validDays: [-3, -1] })), TRUST, /has expired/],
    ["not valid yet", serverTls({}, authority.issue("o", { validDays: [1, 3] })), TRUST, /not valid yet/],
    ["a certificate that was asked for", serverTls(mtls), edgeWith(authority.issue("edge")), /^open$/],
    ["none, but one was asked for", serverTls(mtls), TRUST, /origin\.tls\.certFile/],
    ["one of a stranger", serverTls(mtls), edgeWith(stranger.issue("edge")), /does not trust this edge/],
    [
      "one that has expired",
      serverTls(mtls),
      edgeWith(authority.issue("edge", { validDays: [-3, -1] })),
      /does not trust this edge/,
    ],
  ])("%s", async (_name, shown, trust, expected) => {
    const server = await openServer(cleanup, { tls: shown });
    expect(await tryFeed(server.port, trust)).toMatch(expected);
    await until(() => server.feeds.length === (expected.test("open") ? 1 : 0));
  });

  test("an origin without TLS", async () => {
    const server = await openServer(cleanup);
    expect(await tryFeed(server.port, TRUST)).toMatch(/http:\/\//);
  });

  test("something that speaks TLS, but no HTTP/2", async () => {
    const { certificate, key } = authority.issue("web");
    const web = tls.createServer({ cert: certificate, key }, (socket) => socket.on("error", () => {}));
    web.listen(0, "127.0.0.1");
    cleanup.add(() => web.close());
    await until(() => web.listening);
    const address = web.address();
    expect(await tryFeed(typeof address === "object" ? (address?.port ?? 0) : 0, TRUST)).toMatch(/HTTP\/2/);
  });

  test("nothing at all", async () => {
    expect(await tryFeed(1, TRUST)).toMatch(/nothing listens/);
  });
});

describe("an origin says whom it refused", () => {
  test.each<[string, LinkTls, RegExp]>([
    ["no certificate", TRUST, /tls: the peer showed no certificate/],
    ["of a stranger", edgeWith(stranger.issue("edge")), /clientCaFile/],
    ["expired", edgeWith(authority.issue("edge", { validDays: [-3, -1] })), /has expired/],
  ])("%s", async (_name, trust, expected) => {
    const server = await openServer(cleanup, { tls: serverTls({ clientCa: authority.certificate }) });
    await tryFeed(server.port, trust);
    await until(() => server.refused.length > 0);
    expect(server.refused[0]).toMatch(expected);
  });

  test("TLS 1.2 and HTTP/1.1 are not spoken", async () => {
    const server = await openServer(cleanup, { tls: serverTls() });
    const ca = authority.certificate;
    for (const options of [
      { maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] },
      { ALPNProtocols: ["http/1.1"] },
    ] as const) {
      const socket = tls.connect({ port: server.port, host: "127.0.0.1", ca, ...options });
      let failed = false;
      socket.on("error", () => (failed = true));
      await until(() => failed);
    }
    await until(() => server.refused.length === 2);
    expect(server.refused).toEqual([
      "tls: the peer does not speak TLS 1.3",
      "tls: the peer does not speak HTTP/2",
    ]);
  });

  test("a good certificate without the secret is not enough", async () => {
    const server = await openServer(cleanup, { tls: serverTls({ clientCa: authority.certificate }) });
    const client = openClient(cleanup, server, {
      url: `https://127.0.0.1:${server.port}`,
      tls: () => edgeWith(authority.issue("edge")),
      sharedSecret: "another secret",
    });
    const told = send(client, "SELECT 1");
    await until(() => told.lost !== null);
    expect([told.lost?.harmless, server.refused, server.statements]).toEqual([true, ["unauthorized"], []]);
  });
});

describe("certificates that change", () => {
  test("the next connection gets the new one; a text that is none changes nothing", async () => {
    const server = await openServer(cleanup, { tls: serverTls() });
    const open = openClient(cleanup, server, {
      url: `https://127.0.0.1:${server.port}`,
      tls: () => TRUST,
    });
    await until(() => open.openLinkCount === 1);
    const renewed = { ...stranger.issue("origin"), clientCa: null };
    server.server.setTls(renewed);
    expect(() => server.server.setTls({ ...renewed, key: authority.issue("x").key })).toThrow(
      "key values mismatch",
    );
    expect(() => server.server.setTls({ ...renewed, certificate: "no certificate" })).toThrow("PEM");
    expect(await tryFeed(server.port, TRUST)).toMatch(/caFile/);
    expect(await tryFeed(server.port, { ...TRUST, ca: stranger.certificate })).toBe("open");
    server.onStatement = ({ responder }) => answerWhole(responder);
    const told = send(open, "SELECT 1");
    await until(() => told.isComplete);
  });

  test("a link asks for its certificates at every connect", async () => {
    const server = await openServer(cleanup, { tls: serverTls() });
    let trust: LinkTls = { ...TRUST, ca: stranger.certificate };
    const client = openClient(cleanup, server, {
      url: `https://127.0.0.1:${server.port}`,
      tls: () => trust,
    });
    await until(() => server.refused.length > 1);
    expect(client.openLinkCount).toBe(0);
    trust = TRUST;
    await until(() => client.openLinkCount === 1);
  });

  test("no session of before is taken up again: it would bring no certificate", async () => {
    const server = await openServer(cleanup, { tls: serverTls({ clientCa: authority.certificate }) });
    const { certificate, key } = authority.issue("edge");
    const connect = (session?: Buffer): Promise<{ reused: boolean; session: Buffer | undefined }> =>
      new Promise((resolve) => {
        const socket = tls.connect({
          ...{ port: server.port, host: "127.0.0.1", ca: authority.certificate, ALPNProtocols: ["h2"] },
          ...(session === undefined ? { cert: certificate, key } : { session }),
        });
        let ticket: Buffer | undefined;
        let reused = false;
        socket.on("session", (told) => (ticket = told));
        socket.on("secureConnect", () => (reused = socket.isSessionReused()));
        socket.on("error", () => {});
        socket.once("data", () => socket.destroy());
        socket.on("close", () => resolve({ reused, session: ticket }));
      });
    const first = await connect();
    if (first.session === undefined) return; // no ticket at all: nothing to take up
    expect((await connect(first.session)).reused).toBe(false);
  });
});

describe("a link that is given up", () => {
  test("resets its TCP connection, also under TLS", async () => {
    const server = await openServer(cleanup, { tls: serverTls() });
    const proxy = await openFaultProxy({ target: server });
    cleanup.add(() => proxy.close());
    const client = openClient(cleanup, server, {
      url: `https://127.0.0.1:${proxy.port}`,
      tls: () => TRUST,
      pingIntervalMs: 100,
      pingTimeoutMs: 200,
    });
    await until(() => client.openLinkCount === 1);
    proxy.freeze();
    const zombies = Array.from({ length: 150 }, (_, index) =>
      send(client, `${index} ${"x".repeat(100_000)}`),
    );
    await until(() => zombies.every(({ lost }) => lost !== null));
    expect(zombies.filter(({ lost }) => lost?.harmless === true)).toEqual([]);
    proxy.thaw();
    server.onStatement = ({ responder }) => answerWhole(responder);
    const next = send(client, "SELECT 1");
    await until(() => next.isComplete && proxy.connectionCount === 1);
    // What the proxy's kernel had taken may run, and no more.
    expect(server.statements.length).toBeLessThan(15);
  });

  test("a peer that takes the TCP connection and says nothing is given up in time", async () => {
    const silent = net.createServer((socket) => socket.on("error", () => {}));
    silent.listen(0, "127.0.0.1");
    cleanup.add(() => silent.close());
    await until(() => silent.listening);
    const address = silent.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    expect(await tryFeed(port, TRUST)).toBe("connect timeout");
  });
});
