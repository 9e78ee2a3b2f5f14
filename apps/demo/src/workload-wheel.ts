import { assert, type Random } from "@rockpool/base";

/** Draws items in proportion to their weights. */
export interface Wheel<Item> {
  draw(random: Random): Item;
}

/** Makes a wheel of at least one item; weights are positive. */
export function createWheel<Item>(items: readonly Item[], weightOf: (item: Item) => number): Wheel<Item> {
  assert(items.length > 0, "a wheel needs an item");
  const ends: number[] = [];
  let total = 0;
  for (const item of items) {
    total += weightOf(item);
    ends.push(total);
  }
  return {
    draw(random) {
      const point = random.next() * total;
      let low = 0;
      let high = ends.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((ends[middle] ?? 0) > point) high = middle;
        else low = middle + 1;
      }
      const item = items[low];
      assert(item !== undefined, "the wheel has an item at every place");
      return item;
    },
  };
}
