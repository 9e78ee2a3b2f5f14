import { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import { isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions as TlsOptions, type TLSSocket } from "node:tls";
import { assert, RockpoolError, type Timers } from "@rockpool/base";
import { createConnection } from "mysql2";
import { AnswerReader } from "./answer-reader.ts";
import type { DatabaseAccount, DatabaseTarget } from "./database-target.ts";
import type { RelayOutcome, ResultSink } from "./result-sink.ts";

/*
 * The one file that touches mysql2's internals. They are those of 3.24.6; a test pins the version. mysql2 opens,
 * authenticates and frames; a command object of our own given to `addCommand` sees whole packets. What is used here
 * and promised nowhere: `_command`, `_mariadbExtendedMetadata`, `_paused`, sequence ids, `startTLS`, `packetParser`.
 */

const PAYLOAD_MAX_BYTES = 0xff_ff_ff;
const HEADER_BYTES = 4;
const COM_QUIT = 0x01;
/** The id byte of a change of the default schema. */
export const COM_INIT_DB = 0x02;
/** The id byte of a text statement. */
export const COM_QUERY = 0x03;
/** The id byte of a session reset (MySQL 5.7.3, MariaDB 10.2.4 and later). */
export const COM_RESET_CONNECTION = 0x1f;
const SERVER_TOO_MANY_CONNECTIONS = new Set([1040, 1203, 1226]);

/** Options of `openRawConnection`. */
export interface RawConnectionOptions {
  readonly target: DatabaseTarget;
  readonly account: DatabaseAccount;
  readonly timers: Timers;
  /** From the first SYN to the end of the login. Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** A row larger than this (rounded up to 16 MiB) loses its connection: mysql2 reassembles without a bound. Default 80 MiB. */
  readonly rowMaxBytes?: number;
}

interface Packet {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A command as mysql2's loop sees it. `execute` is called without a packet first; true = finished. */
interface Command {
  execute(packet: Packet | undefined): boolean;
  /** Called when the connection breaks under the command. */
  onResult(error: unknown): void;
}

interface Mysql2Connection extends EventEmitter {
  stream: Socket;
  sequenceId: number;
  readonly _paused: boolean;
  readonly _mariadbExtendedMetadata: boolean;
  readonly _handshakePacket: { readonly serverVersion: string } | null;
  readonly packetParser: { readonly largePacketParts: readonly Buffer[]; execute(chunk: Buffer): void };
  addCommand(command: Command): void;
  startTLS(onSecure: (error?: Error) => void): void;
  changeUser(options: object, callback: (error: unknown) => void): void;
  write(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  _bumpSequenceId(count: number): void;
  _resetSequenceId(): void;
}

/** One logged-in connection that relays raw packets. One command at a time. */
export interface RawConnection {
  /** For example `10.11.6-MariaDB-log`. */
  readonly serverVersion: string;
  /** Server status flags of the last OK or EOF; null before the first and after an error. */
  readonly lastStatus: number | null;
  /** A command is under way. */
  readonly busy: boolean;
  /** Why the connection is of no use any more; null while it is. */
  readonly brokenBy: RockpoolError | null;
  /**
   * Sends one command (its id byte and body) that is answered as COM_QUERY is, and relays the answer. Rejects with
   * `database-lost` when the connection breaks, `unsupported-statement` for LOCAL INFILE (still usable), or what
   * the sink threw (broken).
   */
  command(id: number, body: Uint8Array, sink: ResultSink): Promise<RelayOutcome>;
  /** COM_CHANGE_USER to the same account: the thorough, slower reset. Rejects and breaks when refused. */
  changeUser(): Promise<void>;
  /** Stops reading from the server after the packets at hand; for a sink that cannot take more. */
  pause(): void;
  resume(): void;
  /** Takes leave (COM_QUIT) and closes. The running command, if any, settles at once. */
  quit(): void;
  /** Cuts the connection; the running command rejects with `cause` at once. */
  destroy(cause: RockpoolError): void;
  /** Calls `listener` once, as soon as the connection is broken, destroyed or has quit. */
  onBroken(listener: (cause: RockpoolError) => void): void;
}

/**
 * Connects and logs in. Rejects with `database-unreachable` (also a refused certificate, login or authentication
 * plugin), or `pool-exhausted` when the server itself has too many connections.
 */
export async function openRawConnection(options: RawConnectionOptions): Promise<RawConnection> {
  const { target, account, timers } = options;
  const connection = createMysql2Connection(target, account);
  const raw = new Mysql2RawConnection(connection, options);
  const tls = upgradeToTls(connection, target);
  const login = Promise.withResolvers<void>();
  const timer = timers.after(options.connectTimeoutMs ?? 3_000, () =>
    login.reject(new Error("connect timeout")),
  );
  raw.onBroken(login.reject);
  connection.once("connect", () => login.resolve());
  try {
    await login.promise;
    // A server (or someone between) must not talk us out of the TLS that was asked for.
    if (target.tls.mode !== "off" && !tls.secured) throw new Error("the connection is not encrypted");
  } catch (error) {
    const refused = describeConnectFailure(error);
    raw.destroy(refused);
    throw refused;
  } finally {
    timer.cancel();
  }
  raw.guardRowSize();
  return raw;
}

function createMysql2Connection(target: DatabaseTarget, account: DatabaseAccount): Mysql2Connection {
  const connection: unknown = createConnection({
    host: target.host,
    port: target.port,
    user: account.user,
    password: account.password,
    ...(account.database === null ? {} : { database: account.database }),
    charset: "utf8mb4_general_ci",
    // An object here makes mysql2 ask for TLS and fail without; what is verified is decided in `upgradeToTls`.
    ...(target.tls.mode === "off" ? {} : { ssl: {} }),
    connectTimeout: 0,
    // Each connection preallocates this many statement slots; none is used.
    maxPreparedStatements: 1,
    enableCleartextPlugin: false,
    connectAttributes: { program_name: "rockpool" },
    flags: [
      "-CLIENT_QUERY_ATTRIBUTES",
      "-IGNORE_SPACE",
      "-LOCAL_FILES",
      "-ODBC",
      ...(account.foundRows ? [] : ["-FOUND_ROWS"]),
    ],
  });
  // Its typings leave out what this file is about.
  return connection as Mysql2Connection;
}

/**
 * Replaces mysql2's TLS upgrade: that one compares the certificate with the name "localhost" when the host is an IP
 * address, and cannot verify the authority without the name.
 */
function upgradeToTls(connection: Mysql2Connection, target: DatabaseTarget): { readonly secured: boolean } {
  const state = { secured: false };
  connection.startTLS = (onSecure) => {
    const plain = connection.stream;
    plain.removeAllListeners("data");
    const secure: TLSSocket = connectTls({ ...tlsOptions(target), socket: plain }, () => {
      state.secured = true;
      onSecure();
    });
    secure.on("error", (error) => (state.secured ? plain.destroy(error) : onSecure(error)));
    secure.on("data", (chunk: Buffer) => connection.packetParser.execute(chunk));
    connection.stream = secure;
  };
  return state;
}

function tlsOptions(target: DatabaseTarget): TlsOptions {
  const { tls, host } = target;
  const ca = tls.mode === "off" ? undefined : tls.ca;
  return {
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    minVersion: "TLSv1.2",
    rejectUnauthorized: tls.mode === "verify-full" || ca !== undefined,
    ...(tls.mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function describeConnectFailure(error: unknown): RockpoolError {
  // A connection that breaks during the login is not a lost statement; what broke it is the cause.
  const cause = error instanceof RockpoolError ? (error.cause ?? error) : error;
  const errno = cause instanceof Error && "errno" in cause ? Number(cause.errno) : 0;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isFull = SERVER_TOO_MANY_CONNECTIONS.has(errno);
  return new RockpoolError(isFull ? "pool-exhausted" : "database-unreachable", { cause, context: { code } });
}

class Mysql2RawConnection implements RawConnection {
  readonly #connection: Mysql2Connection;
  readonly #account: DatabaseAccount;
  readonly #rowMaxBytes: number;
  readonly #brokenListeners: ((cause: RockpoolError) => void)[] = [];
  #brokenBy: RockpoolError | null = null;
  /** Ends the running command with an error; null while idle. */
  #abort: ((cause: unknown) => void) | null = null;
  #lastStatus: number | null = null;
  #paused = false;
  #reading = false;

  constructor(connection: Mysql2Connection, options: RawConnectionOptions) {
    this.#connection = connection;
    this.#account = options.account;
    this.#rowMaxBytes = options.rowMaxBytes ?? 80 * 1024 * 1024;
    const lost = (error: unknown) => this.destroy(new RockpoolError("database-lost", { cause: error }));
    connection.on("error", lost);
    connection.on("warn", lost); // packets out of order
    connection.on("end", () => lost(new Error("the server closed the connection")));
    connection.stream.once("close", () => lost(new Error("the connection was closed")));
  }

  get serverVersion(): string {
    return this.#connection._handshakePacket?.serverVersion ?? "";
  }

  get lastStatus(): number | null {
    return this.#lastStatus;
  }

  get busy(): boolean {
    return this.#abort !== null;
  }

  get brokenBy(): RockpoolError | null {
    return this.#brokenBy;
  }

  guardRowSize(): void {
    const { stream, packetParser } = this.#connection;
    const maxParts = Math.ceil(this.#rowMaxBytes / PAYLOAD_MAX_BYTES);
    stream.on("data", () => {
      if (packetParser.largePacketParts.length > maxParts) this.destroy(new RockpoolError("row-too-large"));
    });
  }

  command(id: number, body: Uint8Array, sink: ResultSink): Promise<RelayOutcome> {
    return this.#run<RelayOutcome>((settle) => {
      const reader = new AnswerReader(sink, this.#connection._mariadbExtendedMetadata);
      this.#connection.addCommand({
        execute: (packet) => {
          if (packet === undefined) {
            this.#connection._resetSequenceId();
            this.#send(id, body);
            return false;
          }
          return this.#read(reader, packet, settle);
        },
        // Told of a broken connection this way, mysql2 tells nobody else.
        onResult: (error) => this.destroy(new RockpoolError("database-lost", { cause: error })),
      });
    });
  }

  changeUser(): Promise<void> {
    const { user, password, database } = this.#account;
    return this.#run<void>(({ resolve, reject }) => {
      this.#connection.changeUser({ user, password, database: database ?? "" }, (error) => {
        if (error === null || error === undefined) return resolve();
        reject(error);
        this.destroy(new RockpoolError("database-lost", { cause: error }));
      });
    });
  }

  pause(): void {
    if (!this.busy) return;
    this.#paused = true;
    // Inside a sink call mysql2 is in the middle of its packet loop; it is told when the packet is done.
    if (!this.#reading) this.#connection.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#reading) this.#connection.resume();
  }

  quit(): void {
    if (this.#brokenBy !== null) return;
    const { stream } = this.#connection;
    if (!this.busy) stream.write(Buffer.of(1, 0, 0, 0, COM_QUIT));
    this.#break(new RockpoolError("shutting-down"));
    stream.destroySoon();
  }

  destroy(cause: RockpoolError): void {
    this.#break(cause);
    this.#connection.stream.destroy();
  }

  onBroken(listener: (cause: RockpoolError) => void): void {
    if (this.#brokenBy === null) this.#brokenListeners.push(listener);
    else listener(this.#brokenBy);
  }

  #break(cause: RockpoolError): void {
    if (this.#brokenBy !== null) return;
    this.#brokenBy = cause;
    this.#abort?.(cause);
    for (const listener of this.#brokenListeners.splice(0)) listener(cause);
  }

  #run<T>(
    start: (settle: { resolve: (value: T) => void; reject: (cause: unknown) => void }) => void,
  ): Promise<T> {
    assert(!this.busy, "a database connection runs one command at a time");
    if (this.#brokenBy !== null)
      return Promise.reject(new RockpoolError("database-lost", { cause: this.#brokenBy }));
    this.#lastStatus = null;
    return new Promise<T>((resolve, reject) => {
      const settle = {
        resolve: (value: T) => {
          this.#abort = null;
          resolve(value);
        },
        reject: (cause: unknown) => {
          this.#abort = null;
          reject(cause instanceof RockpoolError ? cause : new RockpoolError("database-lost", { cause }));
        },
      };
      this.#abort = settle.reject;
      start(settle);
    });
  }

  #read(
    reader: AnswerReader,
    packet: Packet,
    settle: { resolve: (value: RelayOutcome) => void; reject: (cause: unknown) => void },
  ): boolean {
    // Destroyed while packets of the same chunk were still to be handled: nothing more may reach the sink.
    if (this.#brokenBy !== null) return false;
    this.#reading = true;
    try {
      const step = reader.read(packet.buffer.subarray(packet.start + HEADER_BYTES, packet.end));
      if (step.kind === "more") {
        if (this.#paused) this.#connection.pause();
        return false;
      }
      if (step.kind === "refuse-infile") {
        this.#sendPacket(new Uint8Array(0));
        return false;
      }
      this.#paused = false;
      if (step.kind === "refused") {
        settle.reject(step.error);
        return true;
      }
      // An error after results says nothing of the state that it left; their flags are from before.
      this.#lastStatus = step.outcome.kind === "done" ? reader.status : null;
      settle.resolve(step.outcome);
      return true;
    } catch (error) {
      settle.reject(error);
      this.destroy(new RockpoolError("database-lost", { cause: error }));
      return false;
    } finally {
      this.#reading = false;
    }
  }

  /** A command's packets. mysql2's own writer adds a wrong empty packet to payloads just below 16 MiB. */
  #send(id: number, body: Uint8Array): void {
    const first = Math.min(body.length, PAYLOAD_MAX_BYTES - 1);
    const head = Buffer.allocUnsafe(first + 1);
    head[0] = id;
    head.set(body.subarray(0, first), 1);
    this.#sendPacket(head);
    let last = head.length;
    for (let offset = first; last === PAYLOAD_MAX_BYTES; offset += last) {
      const chunk = body.subarray(offset, offset + PAYLOAD_MAX_BYTES);
      last = chunk.length;
      this.#sendPacket(chunk);
    }
  }

  #sendPacket(payload: Uint8Array): void {
    const connection = this.#connection;
    const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
    packet.writeUIntLE(payload.length, 0, 3);
    packet[3] = connection.sequenceId;
    packet.set(payload, HEADER_BYTES);
    connection._bumpSequenceId(1);
    connection.write(packet);
  }
}
