import type { Random } from "@rockpool/base";

/** Seeded randomness with the draws that tests ask for. Equal seeds give equal draws on every machine. */
export interface SeededRandom extends Random {
  /** An integer in [0, count). */
  below(count: number): number;
  /** A number in [low, high). */
  between(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of a non-empty list. */
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** Creates a generator (mulberry32: 32 bits of state, one multiply per draw; plenty for schedules). */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    below: (count) => Math.floor(next() * count),
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
  };
}
