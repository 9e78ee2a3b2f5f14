import { createServer, connect, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A TCP server for tests that keeps count of its sockets. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
}

/** Listens on port 0 and hands every connection to `onConnection`. */
export async function openTestServer(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // A TCP server's address is never a string.
  return {
    host: "127.0.0.1",
    port,
    sockets,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Sends everything back, and FIN on FIN. */
export function openEchoServer(): Promise<TestServer> {
  return openTestServer((socket) => void socket.pipe(socket));
}

/** A client that remembers what became of it. */
export interface TestClient {
  readonly socket: Socket;
  received: Buffer;
  isEnded: boolean;
  isClosed: boolean;
  errorCode: string | null;
}

/** Connects and starts collecting. */
export function openTestClient(target: { host: string; port: number }): TestClient {
  const socket = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true });
  const client: TestClient = {
    socket,
    received: Buffer.alloc(0),
    isEnded: false,
    isClosed: false,
    errorCode: null,
  };
  socket.on("data", (bytes: Buffer) => {
    client.received = Buffer.concat([client.received, bytes]);
  });
  socket.on("end", () => {
    client.isEnded = true;
  });
  socket.on("close", () => {
    client.isClosed = true;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    client.errorCode = error.code ?? "unknown";
  });
  return client;
}
