import { connect as openSocket, type Socket } from "node:net";
import { ByteLane, type LanePolicy } from "./byte-lane.ts";
import type { RelayTarget } from "./relay-target.ts";

/** The faults in force on all connections of a proxy, and the bytes that got through. Changed in place. */
export interface Faults {
  latencyMs: number;
  isFrozen: boolean;
  upBytesPerSecond: number | null;
  downBytesPerSecond: number | null;
  bytesUp: number;
  bytesDown: number;
}

/** One client's connection through the fault proxy, with the connection to the target that belongs to it. */
export interface ProxiedConnection {
  /** Faults have changed: look again. */
  kick(): void;
  /** FIN to both sides. */
  cut(): void;
  /** RST to both sides. */
  reset(): void;
  /** Gone at once, no matter how. */
  destroy(): void;
}

const QUEUE_MAX_BYTES = 16 * 1024 * 1024;
/** A slow reader has a small window: its sender must notice soon. */
const SLOW_QUEUE_MAX_BYTES = 64 * 1024;
/** After a FIN, how long the other side may take to close before its socket is dropped. */
const CUT_LINGER_MS = 1_000;

/** Takes over an accepted, paused `client`. The connection to `target` is opened at once, or at the end of a freeze. */
export function createProxiedConnection(
  client: Socket,
  target: RelayTarget,
  faults: Faults,
): ProxiedConnection {
  let upstream: Socket | null = null;
  const lanes: ByteLane[] = [];

  const each = (act: (socket: Socket) => void): void => {
    for (const lane of lanes) lane.close();
    act(client);
    if (upstream !== null) act(upstream);
  };
  const open = (): void => {
    const server = openSocket({ ...target, allowHalfOpen: true, noDelay: true });
    server.on("error", () => client.resetAndDestroy());
    server.on("close", (hadError) => {
      if (hadError) client.resetAndDestroy();
    });
    upstream = server;
    lanes.push(
      new ByteLane(client, server, upPolicy(faults), (byteCount) => {
        faults.bytesUp += byteCount;
      }),
      new ByteLane(server, client, downPolicy(faults), (byteCount) => {
        faults.bytesDown += byteCount;
      }),
    );
    for (const lane of lanes) lane.start();
  };

  client.on("error", () => undefined);
  client.on("close", (hadError) => {
    for (const lane of lanes) lane.close();
    if (hadError) upstream?.resetAndDestroy();
    else upstream?.destroy();
  });
  if (!faults.isFrozen) open();

  return {
    kick() {
      if (upstream !== null) for (const lane of lanes) lane.kick();
      else if (!faults.isFrozen && !client.destroyed) open();
    },
    cut: () => each(finish),
    reset: () => each((socket) => socket.resetAndDestroy()),
    destroy: () => each((socket) => socket.destroy()),
  };
}

/** Sends FIN and discards what still comes: closing a socket with unread bytes would send RST instead. */
function finish(socket: Socket): void {
  socket.removeAllListeners("data");
  socket.resume();
  socket.end();
  const linger = setTimeout(() => socket.destroy(), CUT_LINGER_MS);
  socket.on("close", () => clearTimeout(linger));
}

function upPolicy(faults: Faults): LanePolicy {
  return {
    delayMs: () => faults.latencyMs,
    bytesPerSecond: () => faults.upBytesPerSecond,
    isFrozen: () => faults.isFrozen,
    queueMaxBytes: () => (faults.upBytesPerSecond === null ? QUEUE_MAX_BYTES : SLOW_QUEUE_MAX_BYTES),
  };
}

function downPolicy(faults: Faults): LanePolicy {
  return {
    delayMs: () => faults.latencyMs,
    bytesPerSecond: () => faults.downBytesPerSecond,
    isFrozen: () => faults.isFrozen,
    queueMaxBytes: () => (faults.downBytesPerSecond === null ? QUEUE_MAX_BYTES : SLOW_QUEUE_MAX_BYTES),
  };
}
