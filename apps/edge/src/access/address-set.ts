import { BlockList, isIP } from "node:net";
import { parseNetwork } from "@rockpool/config";
import { type ClientAddress, unmapAddress } from "./client-address.ts";

/** A set of addresses and networks. */
export interface AddressSet {
  readonly isEmpty: boolean;
  has(address: ClientAddress): boolean;
}

/** The set of `texts` such as `10.0.0.0/8`. What is none of these is left out: the configuration refuses it. */
export function createAddressSet(texts: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const text of texts) {
    const network = parseNetwork(text);
    if (network !== null) list.addSubnet(network.address, network.prefixBits, network.family);
  }
  return {
    isEmpty: texts.length === 0,
    has(address) {
      const plain = unmapAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? "ipv4" : "ipv6");
    },
  };
}
