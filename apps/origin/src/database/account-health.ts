import type { Clock, Instant, Random } from "@rockpool/base";
import { RockpoolError } from "@rockpool/base";

const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_MAX_MS = 5_000;

interface Account<W> {
  failures: number;
  attempts: number;
  retryAt: Instant;
  lastError: RockpoolError | null;
  /** Those who wait for the one attempt that is made while the account fails. */
  readonly probeWaiters: Set<W>;
}

/**
 * Remembers per account whether connecting works, so that a dead database costs one attempt at a time and its
 * clients hear of it at once. Healthy accounts are not remembered.
 */
export class AccountHealth<W> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #accounts = new Map<string, Account<W>>();
  #failureCount = 0;
  #probeWaiterCount = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Failed attempts since the start. */
  get failureCount(): number {
    return this.#failureCount;
  }

  get probeWaiterCount(): number {
    return this.#probeWaiterCount;
  }

  /** The error for whoever wants a new connection now; null = it may be tried. */
  refusal(account: string): RockpoolError | null {
    const known = this.#accounts.get(account);
    if (known?.lastError == null || known.attempts > 0 || known.retryAt <= this.#clock.now()) return null;
    return new RockpoolError(known.lastError.code, { cause: known.lastError });
  }

  /** Whether an attempt that nobody waits for makes sense now. */
  mayTry(account: string): boolean {
    const known = this.#accounts.get(account);
    return (
      known === undefined || known.failures === 0 || (known.attempts === 0 && this.refusal(account) === null)
    );
  }

  /** While the account fails and an attempt is under way: waits for that one and answers true. */
  joinProbe(account: string, waiter: W): boolean {
    const known = this.#accounts.get(account);
    if (known === undefined || known.failures === 0 || known.attempts === 0) return false;
    known.probeWaiters.add(waiter);
    this.#probeWaiterCount += 1;
    return true;
  }

  removeProbeWaiter(account: string, waiter: W): void {
    if (this.#accounts.get(account)?.probeWaiters.delete(waiter) === true) this.#probeWaiterCount -= 1;
  }

  takeAllProbeWaiters(): W[] {
    return [...this.#accounts.values()].flatMap((account) => this.#takeProbeWaiters(account));
  }

  attemptBegins(account: string): void {
    const known = this.#accounts.get(account);
    if (known !== undefined) known.attempts += 1;
    else
      this.#accounts.set(account, {
        failures: 0,
        attempts: 1,
        retryAt: 0,
        lastError: null,
        probeWaiters: new Set(),
      });
  }

  /** Answers those who waited for this attempt. */
  attemptSucceeded(account: string): W[] {
    const known = this.#accounts.get(account);
    if (known === undefined) return [];
    known.attempts -= 1;
    const waiters = this.#takeProbeWaiters(known);
    this.forgive(account);
    return waiters;
  }

  /** Answers those who waited for this attempt, and for how long no further one is made. */
  attemptFailed(
    account: string,
    cause: RockpoolError,
  ): { readonly probeWaiters: W[]; readonly delayMs: number } {
    const known = this.#accounts.get(account);
    this.#failureCount += 1;
    if (known === undefined) return { probeWaiters: [], delayMs: 0 };
    known.attempts -= 1;
    // Attempts that began together fail together: they count as one.
    if (known.retryAt <= this.#clock.now()) known.failures += 1;
    const ceilingMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** (known.failures - 1));
    const delayMs = ceilingMs * (0.5 + this.#random.next() / 2);
    known.retryAt = Math.max(known.retryAt, this.#clock.now() + delayMs);
    known.lastError = cause;
    return { probeWaiters: known.attempts === 0 ? this.#takeProbeWaiters(known) : [], delayMs };
  }

  /** Forgets failures. */
  forgive(account: string): void {
    const known = this.#accounts.get(account);
    if (known === undefined) return;
    known.failures = 0;
    known.lastError = null;
    if (known.attempts === 0 && known.probeWaiters.size === 0) this.#accounts.delete(account);
  }

  #takeProbeWaiters(account: Account<W>): W[] {
    const waiters = [...account.probeWaiters];
    account.probeWaiters.clear();
    this.#probeWaiterCount -= waiters.length;
    return waiters;
  }
}
