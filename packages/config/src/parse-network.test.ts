import { expect, test } from "vitest";
import { parseNetwork } from "./parse-network.ts";

test.each([
  ["192.0.2.7", { family: "ipv4", address: "192.0.2.7", prefixBits: 32 }],
  ["10.0.0.0/8", { family: "ipv4", address: "10.0.0.0", prefixBits: 8 }],
  ["0.0.0.0/0", { family: "ipv4", address: "0.0.0.0", prefixBits: 0 }],
  ["2001:db8::/32", { family: "ipv6", address: "2001:db8::", prefixBits: 32 }],
  ["::1", { family: "ipv6", address: "::1", prefixBits: 128 }],
])("%s is a network", (text, network) => {
  expect(parseNetwork(text)).toEqual(network);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/08",
  "::/129",
  "fe80::1%eth0",
  "host.example",
  "10.0.0.0/8/8",
  " 10.0.0.1",
])("%j is none", (text) => {
  expect(parseNetwork(text)).toBeNull();
});
