import type { ChangeSet, Dependencies, RowKey } from "@rockpool/base";
import { createVersionMap, intersects, type VersionMap } from "@rockpool/freshness";
import { createModelVersionMap, takeSeed } from "@rockpool/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";

// The product's bounded VersionMap against one that keeps the whole history.
const parameters = { seed: takeSeed("version map", 20_261), numRuns: 1500 };

const tables = fc.constantFrom("app.a", "app.b", "app.b.c", "aux.a");
const schemas = fc.constantFrom("app", "aux", "app.b");
const keys: fc.Arbitrary<RowKey> = fc.record({
  table: tables,
  column: fc.constantFrom("id", "owner"),
  value: fc.constantFrom("1", "2", "3"),
});
const changes: fc.Arbitrary<ChangeSet> = fc.record({
  everything: fc.constantFrom(false, false, false, false, true),
  schemas: fc.array(schemas, { maxLength: 1 }),
  tables: fc.array(tables, { maxLength: 2 }),
  keys: fc.array(keys, { maxLength: 4 }),
});
const dependencies: fc.Arbitrary<Dependencies> = fc.record({
  tables: fc.array(tables, { maxLength: 2 }),
  keys: fc.array(keys, { maxLength: 2 }),
  schemas: fc.array(schemas, { maxLength: 2 }),
});

type Step =
  | { readonly kind: "apply"; readonly ahead: number; readonly change: ChangeSet }
  | { readonly kind: "doubt"; readonly change: ChangeSet }
  | { readonly kind: "settle"; readonly pick: number }
  | { readonly kind: "reset" };

const step: fc.Arbitrary<Step> = fc.oneof(
  // A carried change comes before those it overtook: R8.
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("apply"), ahead: fc.nat(3), change: changes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("doubt"), change: changes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle"), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset") }) },
);
const question = fc.record({ deps: dependencies, stampSeq: fc.nat(40), catalogueSeq: fc.nat(40) });
const history = fc.tuple(
  fc.array(step, { maxLength: 30 }),
  fc.array(question, { minLength: 4, maxLength: 8 }),
);

/** Does the same to both maps. */
function play(steps: readonly Step[], maps: readonly VersionMap[]): void {
  const open: string[] = [];
  let seq = 0;
  steps.forEach((one, index) => {
    seq += 1;
    if (one.kind === "apply") {
      for (const map of maps) map.apply(seq + one.ahead, one.change);
    } else if (one.kind === "doubt") {
      open.push(`doubt ${index}`);
      for (const map of maps) map.openDoubt(`doubt ${index}`, one.change);
    } else if (one.kind === "settle") {
      const [id] = open.splice(one.pick % Math.max(1, open.length), 1);
      if (id !== undefined) for (const map of maps) map.settleDoubt(id, seq);
    } else {
      open.length = 0;
      for (const map of maps) map.reset(seq);
    }
  });
}

test("whatever is forgotten, nothing that changed reads as current", () => {
  const bounds = fc.record({ keyRingMax: fc.nat(4), tableMax: fc.nat(3), doubtMax: fc.nat(2) });
  fc.assert(
    fc.property(bounds, history, (options, [steps, questions]) => {
      const map = createVersionMap(options);
      const model = createModelVersionMap();
      play(steps, [map, model]);
      for (const { deps, stampSeq, catalogueSeq } of questions) {
        if (map.isCurrent(deps, stampSeq, catalogueSeq)) {
          expect(model.isCurrent(deps, stampSeq, catalogueSeq)).toBe(true);
        }
      }
    }),
    parameters,
  );
});

test("with room for everything, it says exactly what the history says", () => {
  fc.assert(
    fc.property(history, ([steps, questions]) => {
      const map = createVersionMap({ keyRingMax: 1000, tableMax: 1000 });
      const model = createModelVersionMap();
      play(steps, [map, model]);
      for (const { deps, stampSeq, catalogueSeq } of questions) {
        const expected = model.isCurrent(deps, stampSeq, catalogueSeq);
        expect(map.isCurrent(deps, stampSeq, catalogueSeq)).toBe(expected);
      }
    }),
    parameters,
  );
});

test("an answer changes only when the revision does", () => {
  fc.assert(
    fc.property(history, ([steps, questions]) => {
      const map = createVersionMap({ keyRingMax: 2, tableMax: 2 });
      const ask = (): boolean[] =>
        questions.map((one) => map.isCurrent(one.deps, one.stampSeq, one.catalogueSeq));
      for (const one of steps) {
        const [before, revision] = [ask(), map.revision];
        play([one], [map]);
        if (map.revision === revision) expect(ask()).toEqual(before);
      }
    }),
    parameters,
  );
});

test("a change concerns an answer exactly when it would make an older one stale", () => {
  fc.assert(
    fc.property(changes, dependencies, (change, deps) => {
      fc.pre(deps.tables.length + deps.keys.length > 0);
      const map = createVersionMap({ keyRingMax: 1000, tableMax: 1000 });
      map.apply(1, change);
      expect(intersects(change, deps)).toBe(!map.isCurrent(deps, 0, 0));
    }),
    parameters,
  );
});
