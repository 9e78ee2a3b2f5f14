/**
 * A queue that is fair between logins: round robin over the logins that have something waiting, first in first out
 * within a login. It has no bound of its own; its owner counts. All operations are O(1).
 */
export class FairQueue<T> {
  /** Insertion order is turn order: a login that had its turn goes to the end. */
  readonly #byLogin = new Map<string, Set<T>>();
  #size = 0;

  /** Items waiting. */
  get size(): number {
    return this.#size;
  }

  /** Adds at the end of the login's own queue. */
  push(login: string, item: T): void {
    const waiting = this.#byLogin.get(login);
    if (waiting === undefined) this.#byLogin.set(login, new Set([item]));
    else waiting.add(item);
    this.#size += 1;
  }

  /** Takes the next item of the login whose turn it is; undefined when empty. */
  shift(): T | undefined {
    for (const [login, waiting] of this.#byLogin) {
      this.#byLogin.delete(login);
      for (const item of waiting) {
        waiting.delete(item);
        this.#size -= 1;
        if (waiting.size > 0) this.#byLogin.set(login, waiting);
        return item;
      }
    }
    return undefined;
  }

  /** Takes an item out of turn; false when it is not there. */
  remove(login: string, item: T): boolean {
    const waiting = this.#byLogin.get(login);
    if (waiting === undefined || !waiting.delete(item)) return false;
    this.#size -= 1;
    if (waiting.size === 0) this.#byLogin.delete(login);
    return true;
  }
}
