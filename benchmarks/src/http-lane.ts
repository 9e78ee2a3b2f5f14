import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** One whole HTTP/1.1 answer; its bytes are only valid during the callback. */
export interface LaneAnswer {
  readonly status: number;
  /** Status line and header lines, latin1, without the empty line. */
  readonly head: string;
  readonly body: Buffer;
}

/** Where a lane connects, and who gets its answers. */
export interface LaneOptions {
  readonly host: string;
  readonly port: number;
  /** Over TLS; default false. Loopback: nobody's certificate is checked. */
  readonly isSecure?: boolean;
  readonly onAnswer: (answer: LaneAnswer) => void;
  /** The connection ended or an answer could not be read. Called once; nothing comes after it. */
  readonly onLost: (error: Error) => void;
}

/** A socket that hands its bytes straight on, without a stream in between. */
export function connectLane(
  { host, port, isSecure = false }: Pick<LaneOptions, "host" | "port" | "isSecure">,
  protocol: "http/1.1" | "h2",
  onBytes: (chunk: Buffer) => void,
): Socket {
  if (isSecure) {
    const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: [protocol] });
    socket.setNoDelay(true);
    return socket.on("data", onBytes);
  }
  return connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (bytes: number, buffer: Uint8Array) => {
        onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    },
  });
}

const READ_BYTES = 64 * 1024;
const ANSWER_MAX_BYTES = 1024 * 1024;
const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection with one request at a time: the least work a Node client can do, so that a measurement is
 * about the server. It reads answers with a content-length up to 1 MiB and nothing else.
 */
export class HttpLane {
  readonly #options: LaneOptions;
  readonly #socket: Socket;
  readonly #pending = Buffer.allocUnsafe(ANSWER_MAX_BYTES);
  #pendingBytes = 0;
  #isOver = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#socket = connectLane(options, "http/1.1", (chunk) => this.#read(chunk));
    this.#socket.on("error", (error) => this.#lose(error));
    this.#socket.on("close", () => this.#lose(new Error("the server closed the connection")));
  }

  /** Sends a whole request; wait for its answer before the next. */
  send(request: Uint8Array): void {
    this.#socket.write(request);
  }

  /** Ends the connection; no callback comes after it. */
  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#pendingBytes === 0) {
      if (this.#deliver(chunk)) return;
    }
    if (this.#pendingBytes + chunk.length > ANSWER_MAX_BYTES)
      return this.#lose(new Error("answer too large"));
    chunk.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes += chunk.length;
    const whole = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    if (!this.#deliver(whole)) this.#pendingBytes = whole.length;
  }

  /** False while the answer is incomplete. */
  #deliver(bytes: Buffer): boolean {
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) return false;
    const head = bytes.toString("latin1", 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#lose(new Error(`an answer without a length: ${head}`));
      return true;
    }
    const body = bytes.subarray(headEnd + HEAD_END.length);
    if (body.length < Number(length)) return false;
    this.#options.onAnswer({ status: Number(head.slice(9, 12)), head, body });
    return true;
  }

  #lose(error: Error): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onLost(error);
  }
}
