import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";

/*
 * A MySQL client of about a hundred lines that shares no code with the relay: what it receives is the reference.
 * mysql_native_password only, no TLS, no MariaDB extensions, so definitions come without the extended block.
 */

const CAPABILITIES =
  0x1 | // LONG_PASSWORD: we are not a MariaDB client with extended capabilities
  0x2 | // FOUND_ROWS
  0x4 | // LONG_FLAG
  0x8 | // CONNECT_WITH_DB
  0x200 | // PROTOCOL_41
  0x2000 | // TRANSACTIONS
  0x8000 | // SECURE_CONNECTION
  0x20000 | // MULTI_RESULTS
  0x80000 | // PLUGIN_AUTH
  0x800000; // SESSION_TRACK

const MORE_RESULTS = 0x8;

/** A direct connection that captures payloads. */
export interface DirectClient {
  /** Every payload of the statement's whole answer, reassembled across 16 MiB packets. */
  query(sql: string): Promise<Buffer[]>;
  close(): void;
}

/** Logs in to a server that accepts `mysql_native_password`. */
export async function openDirectClient(login: {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}): Promise<DirectClient> {
  const socket = connect(login.port, login.host);
  const read = createPayloadReader(socket);
  const hello = await read();
  const versionEnd = hello.indexOf(0, 1);
  const scramble = Buffer.concat([
    hello.subarray(versionEnd + 5, versionEnd + 13),
    hello.subarray(versionEnd + 32, versionEnd + 44),
  ]);
  const head = Buffer.alloc(32);
  head.writeUInt32LE(CAPABILITIES, 0);
  head.writeUInt32LE(0x40000000, 4);
  head[8] = 45;
  const response = nativeResponse(login.password, scramble);
  const text = (value: string) => Buffer.from(`${value}\0`);
  const parts = [head, text(login.user), Buffer.of(response.length), response, text(login.database)];
  send(socket, 1, Buffer.concat([...parts, text("mysql_native_password")]));
  const answer = await read();
  if (answer[0] !== 0) throw new Error(`login refused: ${answer.toString("latin1")}`);
  await ask(socket, read, "SET NAMES utf8mb4");
  return { query: (sql) => ask(socket, read, sql), close: () => socket.destroy() };
}

async function ask(socket: Socket, read: () => Promise<Buffer>, sql: string): Promise<Buffer[]> {
  send(socket, 0, Buffer.concat([Buffer.of(3), Buffer.from(sql)]));
  const packets: Buffer[] = [];
  const next = async () => {
    const payload = await read();
    packets.push(payload);
    return payload;
  };
  for (;;) {
    const head = await next();
    if (head[0] === 0xff) return packets;
    let status: number;
    if (head[0] === 0) {
      // affected rows and insert id are length-encoded before the status
      let at = 1;
      for (let field = 0; field < 2; field += 1) at += lenencBytes(head[at] ?? 0);
      status = head.readUInt16LE(at);
    } else {
      let payload = head;
      for (let ends = 0; ends < 2; ) {
        payload = await next();
        if (payload[0] === 0xff) return packets;
        if (payload[0] === 0xfe && payload.length < 9) ends += 1;
      }
      status = payload.readUInt16LE(3);
    }
    if ((status & MORE_RESULTS) === 0) return packets;
  }
}

function lenencBytes(lead: number): number {
  return lead < 0xfb ? 1 : lead === 0xfc ? 3 : lead === 0xfd ? 4 : 9;
}

function nativeResponse(password: string, scramble: Buffer): Buffer {
  const sha1 = (...parts: Buffer[]) => createHash("sha1").update(Buffer.concat(parts)).digest();
  const first = sha1(Buffer.from(password));
  const mask = sha1(scramble, sha1(first));
  return Buffer.from(first.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

function send(socket: Socket, sequence: number, payload: Buffer): void {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  socket.write(Buffer.concat([header, payload]));
}

function createPayloadReader(socket: Socket): () => Promise<Buffer> {
  const chunks = socket[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const take = async (length: number): Promise<Buffer> => {
    const parts = [held];
    let size = held.length;
    while (size < length) {
      const { value, done } = await chunks.next();
      if (done === true) throw new Error("the server closed the connection");
      parts.push(value as Buffer);
      size += (value as Buffer).length;
    }
    const all = Buffer.concat(parts, size);
    held = all.subarray(length);
    return all.subarray(0, length);
  };
  return async () => {
    const parts: Buffer[] = [];
    for (;;) {
      const header = await take(4);
      const length = header.readUIntLE(0, 3);
      parts.push(await take(length));
      if (length < 0xffffff) return Buffer.concat(parts);
    }
  };
}
