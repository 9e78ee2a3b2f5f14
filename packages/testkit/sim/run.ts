import { createSeededRandom, type SeededRandom } from "../src/seeded-random.ts";
import { createDatabase } from "./database.ts";
import { Edge } from "./edge.ts";
import { createOracle, misses, type Oracle } from "./oracle.ts";
import { Origin } from "./origin.ts";
import { createSchedule } from "./schedule.ts";
import { Session } from "./session.ts";
import { drawWrite, READS, REDEFINITION } from "./statements.ts";
import { BUSY_MS, type Conditions, type Variant, type World } from "./world.ts";

/** How long the system then has to come to rest. */
const REST_MS = 750;

/** The product as it is. */
export const PRODUCT: Variant = { name: "the product", rule: "" };

/** Runs one schedule: a database, an origin, two edges of two workers, five sessions and the faults the seed drew. */
export function runSchedule(seed: number, variant: Variant): Oracle {
  const random = createSeededRandom(seed);
  const schedule = createSchedule();
  const world: World = {
    schedule,
    random,
    variant,
    conditions: drawConditions(random, variant),
    database: createDatabase(schedule),
    oracle: createOracle(),
    has: (flaw) => variant.flaws?.includes(flaw) ?? false,
  };
  let life = 0;
  let origin = new Origin(world, "life 0");
  const edges = ["one", "two"].map((clock) => new Edge(world, clock, () => origin));
  const restart = (): void => {
    origin.stop();
    if (world.conditions.redefinesAtRestart)
      world.database.commit([REDEFINITION], schedule.now, schedule.now, true);
    life += 1;
    origin = new Origin(world, `life ${life}`);
    // An edge may take a while to notice that its connections lead nowhere.
    const noticedAfter = (): number => {
      return world.conditions.noticesLate && random.chance(0.6)
        ? random.between(60, 220)
        : random.between(0, 20);
    };
    for (const edge of edges) schedule.after(noticedAfter(), () => edge.flap(true));
  };
  startSessions(world, edges);
  startFaults(world, edges, restart);
  startExternalWrites(world);
  schedule.run(BUSY_MS + REST_MS);
  checkRest(world, edges, () => origin);
  return world.oracle;
}

function drawConditions(random: SeededRandom, variant: Variant): Conditions {
  return {
    mode: random.chance(0.5) ? "log" : "ttl",
    freshness: {
      boundMs: 130,
      maxAgeMs: random.pick([90, 220, 5000]),
      keyRingMax: random.pick([1, 3, 64]),
      tableMax: random.pick([1, 2, 64]),
    },
    ringMax: random.pick([2, 6, 64]),
    doubtMax: random.pick([1, 2, 64]),
    heartbeatEveryMs: 35,
    reads: [random.pick(READS), random.pick(READS), random.pick(READS), random.pick(READS)],
    writeShare: random.pick([0.1, 0.22, 0.3]),
    definitionShare: random.pick([0, 0.05, 0.25]),
    moveShare: random.pick([0.05, 0.3]),
    clearsOnDrop: random.chance(0.5),
    flaps: random.chance(0.5),
    freezes: random.chance(0.4),
    freezeMaxMs: random.pick([120, 250, 400]),
    losesItems: random.chance(0.2),
    restarts: random.chance(0.35),
    noticesLate: random.chance(0.4),
    redefinesAtRestart: random.chance(0.3),
    pauses: random.chance(0.3),
    lostConnections: random.chance(0.4),
    slowLinks: random.chance(0.3),
    lockWaits: random.chance(0.4),
    slowAnswers: random.chance(0.3),
    slowVisibility: random.chance(0.6),
    slowFollower: random.chance(0.3),
    externalWrites: random.chance(0.6),
    ...variant.forces,
  };
}

function startSessions(world: World, edges: readonly Edge[]): void {
  const [one, two] = edges;
  if (one === undefined || two === undefined) return;
  for (const [edge, login] of [
    [one, "ann"],
    [one, "ann"],
    [one, "bob"],
    [two, "ann"],
    [two, "cat"],
  ] as const) {
    new Session(world, edges, edge, login).start(BUSY_MS);
  }
}

function startFaults(world: World, edges: readonly Edge[], restart: () => void): void {
  const { schedule, random, conditions } = world;
  const some = (count: number, task: () => void): void => {
    for (let index = 0; index < count; index += 1) schedule.at(random.between(20, 0.85 * BUSY_MS), task);
  };
  const edge = (): Edge => random.pick(edges as [Edge, ...Edge[]]);
  if (conditions.flaps) some(4, () => edge().flap(random.chance(0.3)));
  if (conditions.freezes) some(3, () => edge().freeze(random.between(30, conditions.freezeMaxMs)));
  if (conditions.restarts) some(1 + random.below(2), restart);
  // Shorter pauses than half the bound go unnoticed by design (R18).
  if (conditions.pauses) some(2, () => edge().pause(random.between(0.6, 2) * conditions.freshness.boundMs));
}

/** Writes of clients that talk to the database directly. */
function startExternalWrites(world: World): void {
  const { schedule, random, conditions, database } = world;
  if (!conditions.externalWrites) return;
  for (let index = 0; index < 8; index += 1) {
    schedule.at(random.between(0, BUSY_MS), () => {
      // A definition that changes beside the origin is noticed only in its log.
      const definitionShare = conditions.mode === "ttl" ? 0 : conditions.definitionShare;
      const write = drawWrite(random, { byTable: false, wholeShare: 0.1, definitionShare });
      const lag =
        conditions.slowVisibility && random.chance(0.3) ? random.between(5, 60) : random.between(0, 1);
      const transaction = database.commit([write], schedule.now, schedule.now + lag, true);
      if (conditions.mode === "log") transaction.promisedAt = transaction.visibleAt;
    });
  }
}

/** At rest every edge knows everything, keeps nothing stale, and works. */
function checkRest(world: World, edges: readonly Edge[], origin: () => Origin): void {
  const { database, oracle, conditions } = world;
  const known = database.transactions.filter((one) => conditions.mode === "log" || !one.external);
  for (const edge of edges) {
    for (const worker of edge.workers) {
      const { freshness } = worker;
      // Heartbeats may be late; that they come at all is what counts.
      let isOpen = freshness.connected && freshness.isFresh(edge.mono() - 2 * freshness.boundMs);
      for (const read of READS) {
        const entry = worker.cache.get(read.name);
        if (entry !== undefined && worker.isServable(entry) && known.some((one) => misses(entry.body, one))) {
          oracle.report("stuck-stale");
        }
        isOpen &&= worker.wouldAdmit(read, origin().publisher.position());
      }
      if (!isOpen) oracle.report("stuck-closed");
    }
  }
}
