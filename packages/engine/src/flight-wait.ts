import type { TimerHandle } from "@rockpool/base";
import type { StoredEntry } from "./stored-result.ts";

/** What a wait turned into: an exchange of its own. */
interface OwnExchange {
  resume(): void;
  cancel(): void;
}

/** One client that waits for an identical read under way: it takes that answer, or asks alone. */
export class FlightWait {
  readonly #onTake: (entry: StoredEntry | null) => OwnExchange | null;
  #own: OwnExchange | null = null;
  #over = false;
  timer: TimerHandle | null = null;
  onCancel: () => void = () => {};

  /** `onTake` gets the entry (null = there is none) and answers the exchange it started instead, if any. */
  constructor(onTake: (entry: StoredEntry | null) => OwnExchange | null) {
    this.#onTake = onTake;
  }

  /** The read has ended, or the wait has lasted long enough. */
  take(entry: StoredEntry | null): void {
    if (this.#over) return;
    this.#over = true;
    this.timer?.cancel();
    this.#own = this.#onTake(entry);
  }

  resume(): void {
    this.#own?.resume();
  }

  /** The client went away. */
  cancel(): void {
    if (this.#own !== null) return this.#own.cancel();
    if (this.#over) return;
    this.#over = true;
    this.timer?.cancel();
    this.onCancel();
  }
}
