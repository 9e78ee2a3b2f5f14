import type { TraceContext } from "@rockpool/protocol/backhaul";
import type { HeaderList, HttpExchange } from "../http/http-exchange.ts";
import { PassingExchange } from "../http/passing-exchange.ts";
import type { LoginMeter } from "./login-meter.ts";

/** An exchange whose login has limits: charges what goes out, and tells the meter once when it is over. */
export class MeteredExchange extends PassingExchange {
  readonly #meter: LoginMeter;
  readonly trace?: TraceContext;
  #isOver = false;
  #onClosed: (() => void) | null = null;

  /** For a statement that `meter` has begun. */
  constructor(inner: HttpExchange, meter: LoginMeter) {
    super(inner);
    this.#meter = meter;
    if (inner.trace !== undefined) this.trace = inner.trace;
    inner.onClosed = () => {
      this.#over();
      this.#onClosed?.();
    };
  }

  /** Bytes that came in or go out beside the answer. */
  charge(byteCount: number): void {
    this.#meter.charge(byteCount);
  }

  override send(status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#meter.charge(body.length);
    this.#over();
    super.send(status, headers, body);
  }

  override refuse(status: number, headers: HeaderList, body: string): void {
    this.#meter.charge(body.length);
    this.#over();
    super.refuse(status, headers, body);
  }

  override write(piece: string | Uint8Array): boolean {
    this.#meter.charge(piece.length);
    return super.write(piece);
  }

  override end(piece: string | Uint8Array): void {
    this.#meter.charge(piece.length);
    this.#over();
    super.end(piece);
  }

  override abort(): void {
    this.#over();
    super.abort();
  }

  override set onClosed(listener: () => void) {
    this.#onClosed = listener;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#meter.end();
  }
}
