/**
 * A MySQL client that does nothing but keep the packets of text results as they came: the independent witness for
 * the goldens. Deliberately shares no code with packages/protocol.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Where and as whom to connect; the account uses mysql_native_password. */
export interface CaptureTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The packets of one result set, without their headers. */
export interface CapturedResult {
  readonly columns: readonly Buffer[];
  readonly rows: readonly Buffer[];
}

/** A connection that captures. */
export interface CaptureClient {
  readonly serverVersion: string;
  /** Runs a statement; null when it has no result set. Throws the server's error. */
  query(sql: string): Promise<CapturedResult | null>;
  close(): void;
}

// PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH. Without LONG_PASSWORD (1) a MariaDB client reveals itself.
const CAPABILITIES = 0x200 | 0x2000 | 0x8000 | 0x80000;
const EXTENDED_METADATA = 0x08; // MARIADB_CLIENT_EXTENDED_METADATA (1 << 35) in the upper four bytes
const UTF8MB4_GENERAL_CI = 45;

/** Connects. `extended` = ask for MariaDB's extended column metadata. */
export async function openCaptureClient(target: CaptureTarget, extended: boolean): Promise<CaptureClient> {
  const socket = connect(target.port, target.host);
  await once(socket, "connect");
  const next = packetReader(socket);
  const greeting = await next();
  const { version, challenge } = parseGreeting(greeting);
  send(socket, 1, handshakeResponse(target, challenge, extended));
  await expectOk(next);
  return {
    serverVersion: version,
    async query(sql) {
      send(socket, 0, Buffer.concat([Buffer.of(3), Buffer.from(sql, "utf8")]));
      return readResult(next);
    },
    close: () => socket.destroy(),
  };
}

async function readResult(next: () => Promise<Buffer>): Promise<CapturedResult | null> {
  const head = await next();
  if (head[0] === 0xff) throw new Error(head.toString("utf8", 9));
  if (head[0] === 0) return null;
  const columns: Buffer[] = [];
  for (let index = 0; index < (head[0] ?? 0); index++) columns.push(await next());
  await next(); // EOF
  const rows: Buffer[] = [];
  for (;;) {
    const packet = await next();
    if (packet[0] === 0xff) throw new Error(packet.toString("utf8", 9));
    if (packet[0] === 0xfe && packet.length < 9) return { columns, rows };
    rows.push(packet);
  }
}

function packetReader(socket: Socket): () => Promise<Buffer> {
  const chunks = socket[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  async function fill(byteCount: number): Promise<void> {
    while (rest.length < byteCount) {
      const chunk = await chunks.next();
      if (chunk.done === true) throw new Error("the server closed the connection");
      rest = Buffer.concat([rest, chunk.value]);
    }
  }
  return async () => {
    await fill(4);
    const length = rest.readUIntLE(0, 3);
    await fill(4 + length);
    const payload = Buffer.from(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
    return payload;
  };
}

async function expectOk(next: () => Promise<Buffer>): Promise<void> {
  const answer = await next();
  if (answer[0] !== 0) throw new Error(`login failed: ${answer.toString("latin1")}`);
}

function parseGreeting(greeting: Buffer): { version: string; challenge: Buffer } {
  const versionEnd = greeting.indexOf(0, 1);
  const first = versionEnd + 5;
  const second = first + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10;
  return {
    version: greeting.toString("latin1", 1, versionEnd).replace("5.5.5-", ""),
    challenge: Buffer.concat([greeting.subarray(first, first + 8), greeting.subarray(second, second + 12)]),
  };
}

function handshakeResponse(target: CaptureTarget, challenge: Buffer, extended: boolean): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(CAPABILITIES, 0);
  fixed.writeUInt32LE(2 ** 24 - 1, 4);
  fixed.writeUInt8(UTF8MB4_GENERAL_CI, 8);
  if (extended) fixed.writeUInt32LE(EXTENDED_METADATA, 28);
  const scramble = nativeScramble(target.password, challenge);
  return Buffer.concat([
    fixed,
    Buffer.from(`${target.user}\0`),
    Buffer.of(scramble.length),
    scramble,
    Buffer.from("mysql_native_password\0"),
  ]);
}

function nativeScramble(password: string, challenge: Buffer): Buffer {
  if (password === "") return Buffer.alloc(0);
  const digest = sha1(Buffer.from(password));
  const mask = sha1(Buffer.concat([challenge, sha1(digest)]));
  return Buffer.from(digest.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

function sha1(bytes: Buffer): Buffer {
  return createHash("sha1").update(bytes).digest();
}

function send(socket: Socket, sequenceId: number, payload: Buffer): void {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequenceId, 3);
  socket.write(Buffer.concat([header, payload]));
}
