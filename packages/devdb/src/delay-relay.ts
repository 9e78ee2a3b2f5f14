import { createServer, connect as openSocket, type Socket } from "node:net";
import { ByteLane, type LanePolicy } from "./byte-lane.ts";
import { closeServer } from "./close-server.ts";
import { listenOnLoopback } from "./loopback-port.ts";
import type { RelayTarget } from "./relay-target.ts";

/** Options of `openDelayRelay`. */
export interface DelayRelayOptions {
  readonly target: RelayTarget;
  /** What the relay adds to a round trip. Half of it is spent each way. */
  readonly roundTripMs: number;
}

/** A running delay relay. */
export interface DelayRelay {
  readonly host: string;
  readonly port: number;
  /** Connections open now. */
  readonly connectionCount: number;
  /** Cuts all connections and stops listening. */
  close(): Promise<void>;
}

/** Held per connection and direction; the sender is paused beyond it. */
const QUEUE_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Opens a TCP relay on a free loopback port that behaves like a link with the given round trip: bytes arrive half a
 * round trip after they were sent, in order and at full throughput, and a new connection costs one round trip before
 * its first byte leaves, as a TCP handshake does.
 */
export async function openDelayRelay(options: DelayRelayOptions): Promise<DelayRelay> {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    relay(client, options);
  });
  const port = await listenOnLoopback(server);
  return {
    host: "127.0.0.1",
    port,
    get connectionCount() {
      return clients.size;
    },
    close: () => closeServer(server, clients),
  };
}

function relay(client: Socket, { target, roundTripMs }: DelayRelayOptions): void {
  const acceptedMs = performance.now();
  const policy: LanePolicy = {
    delayMs: () => roundTripMs / 2,
    bytesPerSecond: () => null,
    isFrozen: () => false,
    queueMaxBytes: () => QUEUE_MAX_BYTES,
  };
  let tearDown = (): void => undefined;
  client.on("error", () => undefined);
  client.on("close", () => tearDown());

  // SYN, SYN-ACK, ACK: a real server accepts one and a half round trips after the client's first packet, and a real
  // client may send from one round trip on. The kernel has accepted at once, so both waits are made here.
  const accept = setTimeout(() => {
    const upstream = openSocket({ ...target, allowHalfOpen: true, noDelay: true });
    const up = new ByteLane(client, upstream, policy, () => undefined);
    const down = new ByteLane(upstream, client, policy, () => undefined);
    tearDown = () => {
      up.close();
      down.close();
      upstream.destroy();
    };
    upstream.on("error", () => client.resetAndDestroy());
    upstream.on("close", (hadError) => {
      if (hadError) client.resetAndDestroy();
    });
    up.start(acceptedMs + roundTripMs);
    down.start();
  }, roundTripMs * 1.5);
  tearDown = () => clearTimeout(accept);
}
