import type { Connection } from "mysql2/promise";
import type { SnapshotState } from "./judge-answer.ts";
import { readState } from "./raw-rows.ts";

/** The database as it was at some moments of the last two seconds. */
export interface SnapshotRing {
  /** Runs a read in every snapshot there is at this moment. Oldest first. */
  read(sql: string): Promise<SnapshotState[]>;
  close(): Promise<void>;
}

interface Slot {
  readonly connection: Connection;
  /** Null while its snapshot is being taken. */
  openedByMs: number | null;
}

const SLOTS = 20;

/** Between two snapshots: what the ring resolves. */
const SNAPSHOT_INTERVAL_MS = 100;

/**
 * Keeps 20 transactions open that each see the database as it was when they began, and renews the oldest every 100 ms.
 * Resolves when all are there, after two seconds. `onError` is told of the first snapshot that could not be taken.
 */
export async function openSnapshotRing(
  open: () => Promise<Connection>,
  onError: (error: unknown) => void,
): Promise<SnapshotRing> {
  const slots: Slot[] = await Promise.all(
    Array.from({ length: SLOTS }, async () => ({ connection: await open(), openedByMs: null })),
  );
  for (const { connection } of slots)
    await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");

  let turn = 0;
  let isBroken = false;
  let onFull = (): void => undefined;
  const full = new Promise<void>((resolve) => {
    onFull = resolve;
  });
  const renewNext = (): void => {
    const slot = slots[turn % SLOTS];
    turn += 1;
    if (slot === undefined || isBroken) return;
    renew(slot).then(
      () => {
        if (turn >= SLOTS) onFull();
      },
      (error: unknown) => {
        isBroken = true;
        onFull();
        onError(error);
      },
    );
  };
  const timer = setInterval(renewNext, SNAPSHOT_INTERVAL_MS);
  await full;

  return {
    async read(sql) {
      const states = slots.flatMap(({ connection, openedByMs }) =>
        // The connection runs its statements in order: what is asked now is asked in the snapshot it has now.
        openedByMs === null ? [] : [readState(connection, sql).then((state) => ({ openedByMs, state }))],
      );
      return (await Promise.all(states)).toSorted((a, b) => a.openedByMs - b.openedByMs);
    },
    async close() {
      clearInterval(timer);
      isBroken = true;
      await Promise.allSettled(slots.map(({ connection }) => connection.end()));
    },
  };
}

async function renew(slot: Slot): Promise<void> {
  slot.openedByMs = null;
  await slot.connection.query("COMMIT");
  await slot.connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  slot.openedByMs = performance.now();
}
