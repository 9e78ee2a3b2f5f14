import { connect, type Socket } from "node:net";
import { waitUntil } from "./rig.ts";

/** Kept of what comes back; an attacker does not care for more. */
const HEARD_MAX_BYTES = 1024 * 1024;

/** A connection that sends whatever it likes. */
export interface Attacker {
  readonly socket: Socket;
  /** What came back, as latin1; its beginning. */
  heard(): string;
  heardBytes(): Buffer;
  readonly isClosed: boolean;
  /** Resolves when the other side has closed the connection. */
  closed(): Promise<void>;
}

/** Connects to a base URL without any protocol. */
export function openAttacker(base: string): Attacker {
  const { hostname, port } = new URL(base);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isClosed = false;
  socket.on("data", (chunk: Buffer) => {
    if (bytes < HEARD_MAX_BYTES) chunks.push(chunk);
    bytes += chunk.length;
  });
  socket.on("error", () => {});
  socket.on("end", () => (isClosed = true));
  socket.on("close", () => (isClosed = true));
  return {
    socket,
    heard: () => Buffer.concat(chunks).toString("latin1"),
    heardBytes: () => Buffer.concat(chunks),
    get isClosed() {
      return isClosed;
    },
    closed: () => waitUntil(() => isClosed, 30_000),
  };
}

/** Writes `piece` again and again until it was sent `count` times or the connection is gone, with backpressure. */
export async function flood({ socket }: Attacker, piece: Buffer, count: number): Promise<number> {
  let sent = 0;
  while (sent < count && !socket.destroyed && socket.writable) {
    sent += 1;
    if (socket.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const next = (): void => {
        socket.off("drain", next);
        socket.off("close", next);
        resolve();
      };
      socket.on("drain", next);
      socket.on("close", next);
      // A server that has stopped reading is an answer too.
      setTimeout(next, 500);
    });
    if (socket.writableLength > 4 * 1024 * 1024) break;
  }
  return sent;
}
