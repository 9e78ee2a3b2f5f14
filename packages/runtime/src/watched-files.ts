import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { TimerHandle, Timers } from "@rockpool/base";
import type { Logger } from "@rockpool/telemetry";

/** Texts by the name under which their file was asked for; null = no file was given. */
export type FileTexts<K extends string> = Readonly<Record<K, string | null>>;

/** Options of `watchFiles`. */
export interface WatchedFilesOptions<K extends string> {
  /** Paths by a name of the caller's choice; undefined = not configured. */
  readonly files: Readonly<Record<K, string | undefined>>;
  /**
   * Puts new texts to use. When it throws, the ones before stay in use: a certificate is often replaced a moment
   * before its key.
   */
  readonly use: (texts: FileTexts<K>) => void;
  /** Names the files in the log. */
  readonly what: string;
  readonly timers: Timers;
  readonly log: Logger;
  /** Time between two looks; default 2,000. */
  readonly intervalMs?: number;
}

/** Files that are read again when they change. */
export interface WatchedFiles<K extends string> {
  /** What is in use. */
  readonly texts: FileTexts<K>;
  close(): void;
}

/**
 * Reads the files, and again every interval: by content, so that links, mounts and renewals all count. The first
 * reading throws what is wrong; a later one that is of no use is logged once, and what was there before stays.
 */
export function watchFiles<K extends string>(options: WatchedFilesOptions<K>): WatchedFiles<K> {
  return new PolledFiles(options);
}

const INTERVAL_MS = 2_000;

class PolledFiles<K extends string> implements WatchedFiles<K> {
  readonly #options: WatchedFilesOptions<K>;
  #texts: FileTexts<K>;
  /** What was read last that could not be used, and whether that has been logged. */
  #refused: { readonly text: string; isLogged: boolean } | null = null;
  #timer: TimerHandle | null = null;
  #closed = false;

  constructor(options: WatchedFilesOptions<K>) {
    this.#options = options;
    this.#texts = mapTexts(options.files, (path) => readFileSync(path, "utf8"));
    options.use(this.#texts);
    this.#lookLater();
  }

  get texts(): FileTexts<K> {
    return this.#texts;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #lookLater(): void {
    const { files, timers, intervalMs = INTERVAL_MS } = this.#options;
    if (this.#closed || Object.values(files).every((path) => path === undefined)) return;
    this.#timer = timers.after(intervalMs, () => void this.#look().finally(() => this.#lookLater()));
  }

  async #look(): Promise<void> {
    const { files, use, what, log } = this.#options;
    let texts: FileTexts<K> | null = null;
    try {
      texts = await readTexts(files);
      if (this.#closed || isSame(texts, this.#texts)) {
        this.#refused = null;
        return;
      }
      use(texts);
      this.#texts = texts;
      this.#refused = null;
      log.info(`${what}: read again`);
    } catch (error) {
      this.#refuse(texts, error);
    }
  }

  /** Twice the same: then it is not just half of a renewal. */
  #refuse(texts: FileTexts<K> | null, error: unknown): void {
    const { what, log } = this.#options;
    const text = JSON.stringify(texts);
    if (this.#refused?.text !== text) {
      this.#refused = { text, isLogged: false };
      return;
    }
    if (this.#refused.isLogged) return;
    this.#refused.isLogged = true;
    log.error(`${what}: cannot be used, the ones before stay in use`, { reason: reasonOf(error) });
  }
}

async function readTexts<K extends string>(
  files: Readonly<Record<K, string | undefined>>,
): Promise<FileTexts<K>> {
  const paths = Object.values<string | undefined>(files).filter((path) => path !== undefined);
  const read = await Promise.all(paths.map(async (path) => [path, await readFile(path, "utf8")] as const));
  const texts = new Map(read);
  return mapTexts(files, (path) => texts.get(path) ?? "");
}

function mapTexts<K extends string>(
  files: Readonly<Record<K, string | undefined>>,
  read: (path: string) => string,
): FileTexts<K> {
  const entries = Object.entries<string | undefined>(files).map(([name, path]) => [
    name,
    path === undefined ? null : read(path),
  ]);
  return Object.fromEntries(entries) as FileTexts<K>; // the same keys
}

function isSame<K extends string>(left: FileTexts<K>, right: FileTexts<K>): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Node's code (ENOENT, ERR_OSSL_…): never a piece of the file. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
