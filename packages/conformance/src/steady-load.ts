import { Client } from "@planetscale/database";

/** What `runSteadyLoad` sends, and to whom. */
export interface SteadyLoadOptions {
  /** Base URLs of edges, with the login in them; clients take turns. */
  readonly urls: readonly string[];
  readonly statementsPerSecond: number;
  /** Used by every client, in place of the global one. */
  readonly fetch?: (input: string, init?: object) => Promise<Response>;
}

/** What became of it. */
export interface SteadyLoadResult {
  readonly counts: {
    readonly reads: number;
    readonly writes: number;
    readonly transactions: number;
    readonly statements: number;
  };
  /** Failures outside pinned transactions, in words; a transaction's BEGIN is one of these statements. */
  readonly failures: readonly string[];
  /** Transactions that were begun and then lost. */
  readonly lostTransactionCount: number;
  /** Ids whose insert was acknowledged. */
  readonly acknowledged: ReadonlySet<number>;
  /** Ids of transactions whose COMMIT failed: they may be there, together with the next one, or not. */
  readonly uncertain: ReadonlySet<number>;
  /** Milliseconds of every statement. */
  readonly latenciesMs: readonly number[];
}

/** The table that the load writes to. Without a key: a row that is written twice is there twice. */
export const STEADY_LOAD_TABLES: readonly string[] = [
  "CREATE TABLE entered (id INT NOT NULL, part INT NOT NULL) ENGINE = InnoDB",
  "CREATE TABLE looked_at (id INT PRIMARY KEY, v INT NOT NULL)",
  "INSERT INTO looked_at VALUES (0, 0), (1, 10), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60), (7, 70)",
];

const CLIENT_COUNT = 8;
/** More unanswered ones than a restart explains: a machine that cannot keep up gets no more until it does. */
const OPEN_MAX = 400;
/** Of twenty statements: reads, inserts, and one transaction of four. */
const READS = 12;
const WRITES = 4;
const TRANSACTION_STATEMENTS = 4;

/** A load that runs until it is stopped. */
export interface SteadyLoad {
  /** Statements sent so far. */
  readonly sentCount: number;
  /** Reads, inserts and transactions that are not answered yet. */
  readonly openCount: number;
  /** Ends it, and resolves when the last answer is there. */
  stop(): Promise<SteadyLoadResult>;
}

/**
 * Reads, single inserts and short transactions at a steady rate, through several unmodified drivers: whether the
 * answers come or not, the next statements are sent in time, up to 400 unanswered ones.
 */
export function startSteadyLoad(options: SteadyLoadOptions): SteadyLoad {
  return new Load(options);
}

class Load implements SteadyLoad {
  readonly #clients: Client[];
  readonly #jobs = new Set<Promise<void>>();
  readonly #counts = { reads: 0, writes: 0, transactions: 0, statements: 0 };
  readonly #failures: string[] = [];
  readonly #acknowledged = new Set<number>();
  readonly #uncertain = new Set<number>();
  readonly #latenciesMs: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #lostTransactionCount = 0;
  #nextId = 0;
  #turn = 0;

  constructor({ urls, statementsPerSecond, fetch }: SteadyLoadOptions) {
    this.#clients = Array.from({ length: CLIENT_COUNT }, (_, index) => {
      const url = urls[index % urls.length] ?? "";
      return new Client({ url, ...(fetch === undefined ? {} : { fetch }) });
    });
    const roundMs = ((READS + WRITES + TRANSACTION_STATEMENTS) / statementsPerSecond) * 1000;
    let startedCount = 0;
    const startedAt = performance.now();
    // As many rounds as are due by now: a late timer must not lower the rate.
    this.#timer = setInterval(() => {
      const dueCount = Math.floor((performance.now() - startedAt) / roundMs);
      for (; startedCount < dueCount; startedCount++) if (this.#jobs.size < OPEN_MAX) this.#round();
    }, roundMs / 4);
  }

  get openCount(): number {
    return this.#jobs.size;
  }
  get sentCount(): number {
    return this.#counts.statements;
  }

  async stop(): Promise<SteadyLoadResult> {
    clearInterval(this.#timer);
    await Promise.all(this.#jobs);
    return {
      counts: this.#counts,
      failures: this.#failures,
      lostTransactionCount: this.#lostTransactionCount,
      acknowledged: this.#acknowledged,
      uncertain: this.#uncertain,
      latenciesMs: this.#latenciesMs,
    };
  }

  #round(): void {
    for (let count = 0; count < READS; count++) this.#start(this.#read(count % 8));
    for (let count = 0; count < WRITES; count++) this.#start(this.#write());
    this.#start(this.#transaction());
  }

  #start(job: Promise<void>): void {
    const known = job.finally(() => this.#jobs.delete(known));
    this.#jobs.add(known);
  }

  #client(): Client {
    this.#turn += 1;
    const client = this.#clients[this.#turn % this.#clients.length];
    if (client === undefined) throw new Error("no client");
    return client;
  }

  async #read(id: number): Promise<void> {
    this.#counts.reads += 1;
    const rows = await this.#timed(`read ${id}`, () =>
      this.#client().execute(`SELECT v FROM looked_at WHERE id = ${id}`),
    );
    const [row] = rows?.rows ?? [];
    if (rows !== null && JSON.stringify(row) !== `{"v":${id * 10}}`) {
      this.#failures.push(`read ${id}: ${JSON.stringify(rows.rows)}`);
    }
  }

  async #write(): Promise<void> {
    this.#counts.writes += 1;
    const id = this.#takeId();
    const done = await this.#timed(`insert ${id}`, () =>
      this.#client().execute(`INSERT INTO entered VALUES (${id}, 0)`),
    );
    if (done !== null) this.#acknowledged.add(id);
  }

  async #transaction(): Promise<void> {
    this.#counts.transactions += 1;
    const connection = this.#client().connection();
    const id = this.#takeId();
    const begun = await this.#timed(`begin ${id}`, () => connection.execute("BEGIN"));
    if (begun === null) return;
    try {
      for (const part of [1, 2]) {
        await this.#measured(() => connection.execute(`INSERT INTO entered VALUES (${id}, ${part})`));
      }
    } catch {
      this.#lostTransactionCount += 1;
      return;
    }
    try {
      await this.#measured(() => connection.execute("COMMIT"));
      this.#acknowledged.add(id);
    } catch {
      this.#lostTransactionCount += 1;
      this.#uncertain.add(id);
    }
  }

  /** A statement outside a transaction: null, and a failure, when it fails. */
  async #timed<T>(what: string, run: () => Promise<T>): Promise<T | null> {
    const startedAt = performance.now();
    try {
      return await this.#measured(run);
    } catch (error) {
      const tookMs = Math.round(performance.now() - startedAt);
      this.#failures.push(`${what} after ${tookMs} ms: ${describe(error)}`);
      return null;
    }
  }

  async #measured<T>(run: () => Promise<T>): Promise<T> {
    this.#counts.statements += 1;
    const startedAt = performance.now();
    const answer = await run();
    this.#latenciesMs.push(performance.now() - startedAt);
    return answer;
  }

  #takeId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${describe(error.cause)})`;
}
