import type { Socket } from "node:net";
import { connectLane, type LaneOptions } from "./http-lane.ts";

/** One whole answer over HTTP/2. */
export interface H2Answer {
  /** Whether its status is 200. */
  readonly isOk: boolean;
}

/** Where a lane connects, and who gets its answers. */
export interface H2LaneOptions extends Pick<LaneOptions, "host" | "port" | "isSecure" | "onLost"> {
  readonly onAnswer: (answer: H2Answer) => void;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_BYTES = 9;
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];
const WINDOW_BYTES = 2 ** 30;
/** HPACK: `:status: 200` of the static table. */
const STATUS_200 = 0x88;

/** One HTTP/2 connection (RFC 9113) with any number of requests at once: the least work that a Node client can do. */
export class H2Lane {
  readonly #options: H2LaneOptions;
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #nextId = 1;
  #receivedBytes = 0;
  #isOver = false;
  readonly #failed = new Set<number>();

  constructor(options: H2LaneOptions) {
    this.#options = options;
    this.#socket = connectLane(options, "h2", (chunk) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#lose(error));
    this.#socket.on("close", () => this.#lose(new Error("the server closed the connection")));
    this.#socket.write(PREFACE, "latin1");
    this.#socket.write(encodeFrame(SETTINGS, 0, 0, Buffer.alloc(0)));
    this.#socket.write(encodeFrame(WINDOW_UPDATE, 0, 0, encodeWord(WINDOW_BYTES)));
  }

  /** Sends one more request: its header block and its body. */
  send(headerBlock: Buffer, body: Buffer): void {
    const id = this.#nextId;
    this.#nextId += 2;
    const request = Buffer.allocUnsafe(2 * HEAD_BYTES + headerBlock.length + body.length);
    writeHead(request, 0, headerBlock.length, HEADERS, END_HEADERS, id);
    headerBlock.copy(request, HEAD_BYTES);
    const at = HEAD_BYTES + headerBlock.length;
    writeHead(request, at, body.length, DATA, END_STREAM, id);
    body.copy(request, at + HEAD_BYTES);
    this.#socket.write(request);
  }

  /** Ends the connection; no callback comes after it. */
  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (!this.#isOver && bytes.length >= HEAD_BYTES) {
      const length = bytes.readUIntBE(0, 3);
      if (bytes.length < HEAD_BYTES + length) break;
      const [type, flags, id] = [bytes.readUInt8(3), bytes.readUInt8(4), bytes.readUInt32BE(5)];
      this.#onFrame(type, flags, id, bytes.subarray(HEAD_BYTES, HEAD_BYTES + length));
      bytes = bytes.subarray(HEAD_BYTES + length);
    }
    this.#pending = bytes.length === 0 ? bytes : Buffer.from(bytes);
  }

  #onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === GOAWAY) return this.#lose(new Error(`GOAWAY ${payload.readUInt32BE(4)}`));
    if (type === SETTINGS && (flags & ACK) === 0)
      this.#socket.write(encodeFrame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    if (type === PING && (flags & ACK) === 0) this.#socket.write(encodeFrame(PING, ACK, 0, payload));
    if (type === DATA) this.#onData(payload.length);
    if (type === HEADERS && payload[0] !== STATUS_200) this.#failed.add(id);
    const isEnd = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0;
    if (type === RST_STREAM) this.#failed.add(id);
    if (isEnd || type === RST_STREAM) this.#options.onAnswer({ isOk: !this.#failed.delete(id) });
  }

  #onData(length: number): void {
    this.#receivedBytes += length;
    if (this.#receivedBytes < WINDOW_BYTES / 2) return;
    this.#socket.write(encodeFrame(WINDOW_UPDATE, 0, 0, encodeWord(this.#receivedBytes)));
    this.#receivedBytes = 0;
  }

  #lose(error: Error): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onLost(error);
  }
}

function encodeFrame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  writeHead(frame, 0, payload.length, type, flags, id);
  payload.copy(frame, HEAD_BYTES);
  return frame;
}

function writeHead(frame: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
  frame.writeUIntBE(length, at, 3);
  frame.writeUInt8(type, at + 3);
  frame.writeUInt8(flags, at + 4);
  frame.writeUInt32BE(id, at + 5);
}

function encodeWord(value: number): Buffer {
  const word = Buffer.allocUnsafe(4);
  word.writeUInt32BE(value);
  return word;
}
