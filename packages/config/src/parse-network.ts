import { isIP } from "node:net";

/** A network of addresses; one address is a network of its own. */
export interface Network {
  readonly family: "ipv4" | "ipv6";
  readonly address: string;
  /** Leading bits that count. */
  readonly prefixBits: number;
}

const BITS = { ipv4: 32, ipv6: 128 } as const;

/** Reads `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`; null for anything else. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  // A zone names an interface of one machine, never a network of clients.
  const version = address.includes("%") ? 0 : isIP(address);
  if (version === 0) return null;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (slash < 0) return { family, address, prefixBits: BITS[family] };
  const bits = text.slice(slash + 1);
  const prefixBits = Number(bits);
  return /^(?:0|[1-9]\d{0,2})$/.test(bits) && prefixBits <= BITS[family]
    ? { family, address, prefixBits }
    : null;
}
