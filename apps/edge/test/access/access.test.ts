import { describe, expect, test } from "vitest";
import { type AccessLists, createAccess } from "../../src/access/access.ts";
import { clientKeyOf, parseForwarded } from "../../src/access/client-address.ts";

function open(lists: Partial<AccessLists>) {
  return createAccess(() => all(lists));
}

const cache = new Map<Partial<AccessLists>, AccessLists>();
function all(lists: Partial<AccessLists>): AccessLists {
  const known = cache.get(lists) ?? { allow: [], block: [], trustedProxies: [], ...lists };
  cache.set(lists, known);
  return known;
}

describe("who may connect", () => {
  test.each([
    ["anybody without lists", {}, "203.0.113.9", true],
    ["an allowed address", { allow: ["10.0.0.0/8"] }, "10.1.2.3", true],
    ["an allowed one of an IPv6 socket", { allow: ["10.0.0.0/8"] }, "::ffff:10.1.2.3", true],
    ["another one", { allow: ["10.0.0.0/8"] }, "11.1.2.3", false],
    ["an IPv6 one when only IPv4 is allowed", { allow: ["10.0.0.0/8"] }, "2001:db8::1", false],
    ["an allowed IPv6 network", { allow: ["2001:db8::/32"] }, "2001:db8:ffff::1", true],
    ["a blocked one", { block: ["192.0.2.7"] }, "192.0.2.7", false],
    ["its neighbour", { block: ["192.0.2.7"] }, "192.0.2.8", true],
    [
      "a blocked one of an allowed network",
      { allow: ["10.0.0.0/8"], block: ["10.9.0.0/16"] },
      "10.9.1.1",
      false,
    ],
    ["everybody blocked", { block: ["0.0.0.0/0"] }, "1.2.3.4", false],
    [
      "a trusted proxy that is not allowed itself",
      { allow: ["10.0.0.0/8"], trustedProxies: ["192.0.2.1"] },
      "192.0.2.1",
      true,
    ],
    ["no address", { allow: ["10.0.0.0/8"] }, "", false],
  ] as const)("%s", (_name, lists, address, expected) => {
    expect(open(lists).mayConnect(address)).toBe(expected);
  });
});

describe("who the client is", () => {
  const behind = { trustedProxies: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"] };
  test.each([
    ["the peer, when no proxy is trusted", {}, "203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["the peer, when it is no trusted proxy", behind, "203.0.113.9", "1.2.3.4", "203.0.113.9"],
    ["the peer, when it says nothing", behind, "127.0.0.1", undefined, "127.0.0.1"],
    ["what a trusted proxy says", behind, "127.0.0.1", "1.2.3.4", "1.2.3.4"],
    [
      "what it says last: the rest is the client's own words",
      behind,
      "127.0.0.1",
      "6.6.6.6, 1.2.3.4",
      "1.2.3.4",
    ],
    [
      "the first one behind a chain of proxies",
      behind,
      "127.0.0.1",
      "6.6.6.6, 1.2.3.4, 10.0.0.9, 10.0.0.8",
      "1.2.3.4",
    ],
    ["the leftmost of proxies only", behind, "127.0.0.1", "10.0.0.9, 10.0.0.8", "10.0.0.9"],
    ["an address with a port", behind, "127.0.0.1", "1.2.3.4:5678", "1.2.3.4"],
    ["an IPv6 one with a port", behind, "127.0.0.1", "[2001:dead::1]:443", "2001:dead::1"],
    ["an IPv4 one in IPv6 clothes, both sides", behind, "::ffff:127.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"],
    [
      "the last proxy before words that are no address",
      behind,
      "127.0.0.1",
      "1.2.3.4, unknown, 10.0.0.9",
      "10.0.0.9",
    ],
    ["the peer, when all it says is no address", behind, "127.0.0.1", "unknown", "127.0.0.1"],
    ["the peer, when it says nothing at length", behind, "127.0.0.1", "1.2.3.4,".repeat(1_000), "127.0.0.1"],
  ] as const)("%s", (_name, lists, peer, forwarded, client) => {
    expect(open(lists).clientOf(peer, forwarded)).toBe(client);
  });

  test("the lists hold for clients behind proxies too", () => {
    const access = open({ ...behind, allow: ["1.2.0.0/16"], block: ["1.2.3.4"] });
    expect([access.isDirect, access.mayConnect("127.0.0.1"), access.mayConnect("203.0.113.9")]).toEqual([
      false,
      true,
      false,
    ]);
    expect(["1.2.3.4", "1.2.3.5", "127.0.0.1"].map((client) => access.mayRequest(client))).toEqual([
      false,
      true,
      false,
    ]);
  });
});

test("other lists hold from the moment they are there", () => {
  let lists: AccessLists = { allow: [], block: [], trustedProxies: [] };
  const access = createAccess(() => lists);
  expect([access.mayConnect("192.0.2.7"), access.isDirect]).toEqual([true, true]);
  lists = { allow: [], block: ["192.0.2.7"], trustedProxies: ["192.0.2.1"] };
  expect([access.mayConnect("192.0.2.7"), access.isDirect]).toEqual([false, false]);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ["", ""],
])("%s is counted as %s", (address, key) => {
  expect(clientKeyOf(address)).toBe(key);
});

test.each(["", "unknown", "_hidden", "1.2.3", "1.2.3.4, 5.6.7.8", "[::1", "host:80", "1.2.3.4\u0000"])(
  "%j is no forwarded address",
  (text) => {
    expect(parseForwarded(text)).toBeNull();
  },
);
