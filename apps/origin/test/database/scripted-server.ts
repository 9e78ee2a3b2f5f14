import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A server that says what a test tells it to: for what no real server does. */
export interface ScriptedServer {
  readonly port: number;
  /** Payloads received so far, without headers. */
  readonly received: readonly Buffer[];
  close(): Promise<void>;
}

/** An OK packet: autocommit, nothing else. */
export const OK = Buffer.of(0, 0, 0, 2, 0, 0, 0);

const CAPABILITIES = 0x00aaf7df; // as a MySQL server's, without SSL and DEPRECATE_EOF

/**
 * Greets each client and answers its n-th packet with what `answer` returns: payloads, numbered on from the packet.
 * `plugin` is the authentication that the greeting proposes.
 */
export async function openScriptedServer(
  answer: (payload: Buffer, index: number) => readonly Buffer[],
  plugin = "mysql_native_password",
): Promise<ScriptedServer> {
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write(frame(greeting(plugin), 0));
    let held: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readUIntLE(0, 3)) {
        const end = 4 + held.readUIntLE(0, 3);
        const sequence = held[3] ?? 0;
        const payload = held.subarray(4, end);
        held = held.subarray(end);
        const answers = answer(payload, received.push(payload) - 1);
        socket.write(Buffer.concat(answers.map((bytes, index) => frame(bytes, sequence + 1 + index))));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function frame(payload: Buffer, sequence: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence & 0xff;
  return Buffer.concat([header, payload]);
}

function greeting(plugin: string): Buffer {
  const capabilities = Buffer.alloc(4);
  capabilities.writeUInt32LE(CAPABILITIES);
  return Buffer.concat([
    Buffer.of(10),
    Buffer.from("8.4.0\0"),
    Buffer.of(7, 0, 0, 0),
    Buffer.from("12345678\0"),
    capabilities.subarray(0, 2),
    Buffer.of(45, 2, 0),
    capabilities.subarray(2),
    Buffer.of(21),
    Buffer.alloc(10),
    Buffer.from("123456789012\0"),
    Buffer.from(`${plugin}\0`),
  ]);
}
