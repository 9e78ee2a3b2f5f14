import { KIB } from "@rockpool/base";
import { type Engine, renderingOf, type StoredEntry } from "@rockpool/engine";
import type { ResultForm } from "@rockpool/protocol/psdb";
import type { Coding } from "./accept-encoding.ts";
import { type CodedHead, encodeHead, encodeHeadLater } from "./coded-head.ts";
import { encodeStoredResult } from "./result-encoder.ts";

/** What compressing at once may take at most, so that nobody waits a millisecond for somebody else's answer. */
export const COMPRESS_AT_ONCE_MAX_BYTES = 64 * KIB;
/** Compressions beside the event loop at once, of all entries. */
const LATER_MAX = 4;

/** What of an entry's answer is kept: its text in each protocol's form, and that text compressed. */
export class Renderings {
  readonly #engine: Engine;
  /** Entries and forms that are being compressed, or that have no room for it. */
  readonly #settled = new WeakMap<StoredEntry, Set<string>>();
  #laterCount = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The entry's result text in this form, made once. */
  textOf(entry: StoredEntry, form: ResultForm): string {
    const known = renderingOf(entry.body, form.name);
    if (typeof known === "string") return known;
    const text = encodeStoredResult(entry.body, form);
    this.keep(entry, form, text);
    return text;
  }

  /** The miss that made the entry has its text already. */
  keep(entry: StoredEntry, form: ResultForm, text: string): void {
    if (renderingOf(entry.body, form.name) !== null) return;
    // Made anew for each hit it would cost more than the way to the origin.
    if (!this.#engine.keepRendering(entry, form.name, text)) this.#engine.drop(entry);
  }

  /** `text`, the beginning of this entry's answers, compressed; null = not now: a large one is made beside the event loop first. */
  headOf(entry: StoredEntry, form: ResultForm, coding: Coding, text: string): CodedHead | null {
    const name = `${form.name}+${coding}`;
    const known = renderingOf(entry.body, name);
    if (known !== null) return typeof known === "string" ? null : known;
    if (text.length > COMPRESS_AT_ONCE_MAX_BYTES) {
      this.#makeLater(entry, name, coding, text);
      return null;
    }
    const head = encodeHead(coding, text);
    this.#engine.keepRendering(entry, name, head);
    return head;
  }

  #makeLater(entry: StoredEntry, name: string, coding: Coding, text: string): void {
    const settled = this.#settled.get(entry) ?? new Set();
    if (settled.has(name) || this.#laterCount >= LATER_MAX) return;
    this.#settled.set(entry, settled.add(name));
    this.#laterCount += 1;
    encodeHeadLater(coding, text)
      .then(
        (head) => void this.#engine.keepRendering(entry, name, head),
        () => {}, // without memory for it the answer goes as it is
      )
      .finally(() => {
        this.#laterCount -= 1;
      });
  }
}
