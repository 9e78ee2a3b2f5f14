import { assert } from "@rockpool/base";

/** Label name → all values it can have. Closed before the first sample, so a client can never add a series. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;

/** One value for each label of `L`. */
export type LabelValues<L extends LabelSets> = { readonly [Name in keyof L]: L[Name][number] };

/** One member of a family: its labels and what it holds. */
export interface LabelledSeries<L extends LabelSets, T> {
  readonly values: LabelValues<L>;
  /** The labels as Prometheus writes them: `{a="x",b="y"}`, or `""` without labels. */
  readonly text: string;
  readonly item: T;
}

/** Series one family may have. A closed set that multiplies beyond this is a design error, found at start. */
export const SERIES_MAX = 512;

/** A metric with labels: every combination exists from the start. */
export class LabelledFamily<L extends LabelSets, T> {
  readonly #series = new Map<string, LabelledSeries<L, T>>();
  readonly #names: readonly (string & keyof L)[];

  /** Throws `InvariantError` on an invalid label name or more than `SERIES_MAX` combinations. */
  constructor(labels: L, create: (values: LabelValues<L>) => T) {
    this.#names = Object.keys(labels);
    for (const name of this.#names) assert(/^[a-z_][a-z0-9_]*$/.test(name), `invalid label name ${name}`);
    const size = this.#names.reduce((product, name) => product * (labels[name]?.length ?? 0), 1);
    assert(size <= SERIES_MAX, `${size} label combinations, at most ${SERIES_MAX} are allowed`);
    for (const values of combinations(labels)) {
      this.#series.set(this.#key(values), { values, text: formatLabels(values), item: create(values) });
    }
  }

  /** The member with these labels. A hot path asks once and keeps it. Throws `InvariantError` outside the closed sets. */
  with(values: LabelValues<L>): T {
    const found = this.#series.get(this.#key(values));
    assert(found !== undefined, "a label value outside its closed set");
    return found.item;
  }

  /** All members, in the order of the sets. */
  all(): Iterable<LabelledSeries<L, T>> {
    return this.#series.values();
  }

  #key(values: LabelValues<L>): string {
    let key = "";
    for (const name of this.#names) key += `${values[name]}\n`;
    return key;
  }
}

function combinations<L extends LabelSets>(labels: L): LabelValues<L>[] {
  let rows: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  }
  // Each row now has exactly the names of `labels`, with values out of their sets: what LabelValues<L> says.
  return rows as LabelValues<L>[];
}

function formatLabels(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
