import type { Server, Socket } from "node:net";

/** Destroys `sockets` and closes `server`; resolves when its port is free. */
export async function closeServer(server: Server, sockets: Iterable<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
}
