import { PassThrough } from "node:stream";
import { RockpoolError } from "@rockpool/base";
import { expect, test } from "vitest";
import { BodyBudget, readBody } from "../src/http/read-body.ts";

/** A request whose body the test writes; `length` is what it announced. */
function open(maxBytes: number, length?: string, budget?: BodyBudget) {
  const stream = new PassThrough();
  const headers: Readonly<Record<string, string>> = length === undefined ? {} : { "content-length": length };
  const exchange = { body: stream, isBodyComplete: true, header: (name: string) => headers[name] };
  const bodies: string[] = [];
  const onBody = (body: string | RockpoolError): void => {
    bodies.push(body instanceof RockpoolError ? body.code : `got ${body}`);
  };
  readBody(exchange, maxBytes, onBody, budget);
  const ended = new Promise<void>((resolve) => stream.on("close", resolve));
  return { stream, bodies, ended };
}

test.each([
  ["in one piece", ["häll😀"]],
  ["in none", []],
])("a body %s", async (_name, pieces) => {
  const { stream, bodies, ended } = open(100);
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await ended;
  expect(bodies).toEqual([`got ${pieces.join("")}`]);
});

test("a body cut anywhere inside its characters", async () => {
  const { stream, bodies, ended } = open(100);
  for (const byte of Buffer.from("\ufeffhäll😀")) stream.write(Uint8Array.of(byte));
  stream.end();
  await ended;
  expect(bodies).toEqual(["got \ufeffhäll😀"]);
});

test("a body of just the limit passes, one byte more does not", async () => {
  for (const [size, said] of [
    [10, `got ${"x".repeat(10)}`],
    [11, "body-too-large"],
  ] as const) {
    const { stream, bodies, ended } = open(10);
    stream.write("x".repeat(5));
    stream.end("x".repeat(size - 5));
    await ended;
    expect(bodies).toEqual([said]);
  }
});

test("an announced length beyond the limit is refused before a byte is read", () => {
  const { stream, bodies } = open(10, "11");
  expect([bodies, stream.listenerCount("data")]).toEqual([["body-too-large"], 0]);
});

test("more than the limit is refused once, and what still comes is dropped", async () => {
  const { stream, bodies, ended } = open(10);
  for (let count = 0; count < 100; count++) stream.write("x".repeat(11));
  stream.end();
  await ended;
  expect(bodies).toEqual(["body-too-large"]);
});

test.each([
  ["a lone continuation byte", [0x80]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["a surrogate", [0xed, 0xa0, 0x80]],
  ["a character cut off at the end", [0xf0, 0x9f, 0x98]],
])("what is not UTF-8 is a bad request: %s", async (_name, bytes) => {
  const { stream, bodies, ended } = open(100);
  stream.end(Uint8Array.from(bytes));
  await ended;
  expect(bodies).toEqual(["bad-request"]);
});

test("a client that goes away is not answered", async () => {
  const { stream, bodies, ended } = open(100);
  stream.write("half");
  stream.destroy(new Error("aborted"));
  await ended;
  expect(bodies).toEqual([]);
});

test("bodies that wait for their rest share one budget, and give it back however they end", async () => {
  const budget = new BodyBudget(100);
  const first = open(100, undefined, budget);
  const second = open(100, undefined, budget);
  first.stream.write("x".repeat(60));
  second.stream.write("y".repeat(60));
  second.stream.end();
  await second.ended;
  expect([second.bodies, budget.takenBytes]).toEqual([["too-many-clients"], 60]);
  first.stream.destroy();
  await first.ended;
  expect([first.bodies, budget.takenBytes]).toEqual([[], 0]);
});
