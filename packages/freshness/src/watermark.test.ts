import { expect, test } from "vitest";

import { createWatermark } from "./watermark.ts";

test("an instant counts once its position is applied, not before (R1)", () => {
  const watermark = createWatermark(4);
  watermark.offer(7, 100, 5);
  watermark.advance(6);
  expect(watermark.asOf()).toBeNull();
  watermark.advance(7);
  expect(watermark.asOf()).toBe(100);
});

test("it never goes back", () => {
  const watermark = createWatermark(4);
  watermark.offer(1, 100, 5);
  watermark.offer(1, 90, 5);
  expect(watermark.asOf()).toBe(100);
});

test("a feed that always lags behind the newest question still makes progress", () => {
  const watermark = createWatermark(3);
  let applied = 0;
  for (let seq = 50; seq < 400; seq += 1) {
    watermark.offer(seq, seq, applied);
    applied = seq - 40;
    watermark.advance(applied);
  }
  expect(watermark.asOf()).toBeGreaterThan(300);
});

test("after a drop, questions asked before it do not count", () => {
  const watermark = createWatermark(4);
  watermark.offer(9, 100, 5);
  watermark.drop(200);
  watermark.advance(9);
  watermark.offer(9, 199, 9);
  expect(watermark.asOf()).toBeNull();
  watermark.offer(9, 200, 9);
  expect(watermark.asOf()).toBe(200);
});
