import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "@rockpool/telemetry";

/** Where a certificate lies, and who is told. */
export interface CertificateFileOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Time between two looks at the files. Watching would miss what lies behind links and on network disks. */
  readonly intervalMs: number;
  readonly log: Logger;
}

/** A certificate chain and its private key that fit together. PEM. */
export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate in files, read again when they change. A pair that does not fit changes nothing: the old one stays. */
export class CertificateFile {
  readonly #options: CertificateFileOptions;
  #seen = "";
  #expiresAt = Number.NaN;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: CertificateFileOptions) {
    this.#options = options;
  }

  /** When the pair in use ceases to be valid: seconds since 1970; NaN before `open`. */
  get expiresAtSeconds(): number {
    return this.#expiresAt;
  }

  /** Reads the pair. Throws when it cannot be read, or its halves do not fit. */
  async open(): Promise<CertificatePair> {
    this.#seen = await this.#look();
    return this.#read();
  }

  /** Calls back with every later pair that fits, until `close`. */
  watch(onPair: (pair: CertificatePair) => void): void {
    this.#timer = setInterval(() => void this.#check(onPair), this.#options.intervalMs);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #check(onPair: (pair: CertificatePair) => void): Promise<void> {
    const { certFile, log } = this.#options;
    try {
      const now = await this.#look();
      if (now === this.#seen) return;
      // Said once for each change, not at each look.
      this.#seen = now;
      const pair = await this.#read();
      if (this.#timer === null) return;
      onPair(pair);
      log.info("certificate renewed", { certFile, expires: new Date(this.#expiresAt * 1000).toISOString() });
    } catch (error) {
      log.error("certificate not renewed: the old one stays in use", { certFile, error: toError(error) });
    }
  }

  async #read(): Promise<CertificatePair> {
    const { certFile, keyFile } = this.#options;
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    createSecureContext({ cert, key }); // throws when they do not fit
    this.#expiresAt = Date.parse(new X509Certificate(cert).validTo) / 1000;
    return { cert, key };
  }

  /** What tells two states of the files apart. */
  async #look(): Promise<string> {
    const files = [this.#options.certFile, this.#options.keyFile];
    const states = await Promise.all(files.map((file) => stat(file).catch(toError)));
    return states.map((it) => (it instanceof Error ? "?" : `${it.ino} ${it.size} ${it.mtimeMs}`)).join(",");
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
