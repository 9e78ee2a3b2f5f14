import { RockpoolError } from "@rockpool/base";
import { type ClientAddress, clientKeyOf } from "./client-address.ts";

/** Passwords hashed at once: each takes a thread of the pool, which files and compression need as well, and 16 MiB. */
const RUNNING_MAX = 2;
/** Passwords that wait: at some 50 ms each the last one waits for five seconds. */
const WAITING_MAX = 200;
/** Of one client, so that others find room. */
const WAITING_PER_CLIENT_MAX = 20;

interface Waiter {
  readonly client: string;
  start(): void;
}

/** Lets few expensive verifications run at once, few wait, and no client take all the room. */
export class HashGate {
  readonly #waiting: Waiter[] = [];
  readonly #waitingOf = new Map<string, number>();
  #running = 0;

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `task` when it is its turn. Rejects with `too-many-logins` when there is no room to wait. */
  async run<T>(client: ClientAddress, task: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) await this.#turn(clientKeyOf(client));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      this.#pass();
    }
  }

  #turn(client: string): Promise<void> {
    const own = this.#waitingOf.get(client) ?? 0;
    if (this.#waiting.length >= WAITING_MAX || own >= WAITING_PER_CLIENT_MAX) {
      return Promise.reject(new RockpoolError("too-many-logins"));
    }
    this.#waitingOf.set(client, own + 1);
    return new Promise((resolve) => {
      this.#waiting.push({ client, start: resolve });
    });
  }

  /** The place of one that is done goes to the next one in the queue. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    const left = (this.#waitingOf.get(next.client) ?? 1) - 1;
    if (left === 0) this.#waitingOf.delete(next.client);
    else this.#waitingOf.set(next.client, left);
    next.start();
  }
}
