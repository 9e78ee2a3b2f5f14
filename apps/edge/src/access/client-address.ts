import { isIP } from "node:net";

/** The address of a client: an IPv4 or IPv6 text. */
export type ClientAddress = string;

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 client of an IPv6 socket as what it is. */
export function unmapAddress(address: string): ClientAddress {
  return MAPPED.exec(address)?.[1] ?? address;
}

/** Who is counted as one client: an IPv4 address, or the /64 that one subscriber of IPv6 has for himself. */
export function clientKeyOf(address: ClientAddress): string {
  const plain = unmapAddress(address);
  return isIP(plain) === 6 ? networkOf(plain) : plain;
}

/** The first four groups of an IPv6 address, in one spelling. */
function networkOf(address: string): string {
  const [text = ""] = address.split("%");
  const [head = "", tail] = text.split("::");
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const missing = Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: missing }, () => 0), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  // A tail such as 192.0.2.1 is two groups; their value never reaches the first four.
  return text.split(":").flatMap((group) => (group.includes(".") ? [0, 0] : [Number.parseInt(group, 16)]));
}

/** An item of X-Forwarded-For: an address, of which some proxies tell the port too; null when it is none. */
export function parseForwarded(text: string): ClientAddress | null {
  const item = text.trim();
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(item)?.[1];
  const address = bracketed ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(item)?.[1] ?? item;
  return isIP(address) === 0 ? null : unmapAddress(address);
}
