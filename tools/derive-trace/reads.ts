import { dissect } from "./literals.ts";

/** One read template of the workload, as it stands in `reads.json`. */
export interface ReadTemplate {
  /** `read-01` is the most frequent. */
  readonly id: string;
  /** The text with `?` for every literal or list of literals. */
  readonly sql: string;
  /** How often the template was recorded outside transactions. */
  readonly recordedCount: number;
  /** Literals as SQL text, in the order of the `?`, after how often exactly these were recorded. */
  readonly instances: readonly (readonly [count: number, ...literals: string[]])[];
}

/** Groups reads by template; every recorded instance is kept with its count, so repeats keep their natural share. */
export function groupReads(reads: readonly string[]): ReadTemplate[] {
  const groups = new Map<string, Map<string, { literals: readonly string[]; count: number }>>();
  for (const read of reads) {
    const { template, literals } = dissect(read);
    const instances =
      groups.get(template) ?? new Map<string, { literals: readonly string[]; count: number }>();
    groups.set(template, instances);
    const instance = instances.get(read);
    instances.set(read, { literals, count: (instance?.count ?? 0) + 1 });
  }
  const counted = [...groups].map(([sql, instances]) => {
    const ranked = [...instances.values()].toSorted((left, right) => right.count - left.count);
    return { sql, instances: ranked, recordedCount: ranked.reduce((sum, each) => sum + each.count, 0) };
  });
  counted.toSorted((left, right) => right.recordedCount - left.recordedCount);
  return counted.map(({ sql, instances, recordedCount }, index) => ({
    id: `read-${String(index + 1).padStart(2, "0")}`,
    sql,
    recordedCount,
    instances: instances.map(({ literals, count }) => [count, ...literals] as const),
  }));
}
