import type { EdgeConfig } from "@rockpool/config";
import { type AddressSet, createAddressSet } from "./address-set.ts";
import { type ClientAddress, parseForwarded, unmapAddress } from "./client-address.ts";

/** Which addresses may connect, and who a request's client is. */
export interface Access {
  /** Every client is the other end of its connection: nothing needs to be asked about single requests. */
  readonly isDirect: boolean;
  /** Whether a connection from this address may be opened. A trusted proxy always may; its clients are judged one by one. */
  mayConnect(peer: string): boolean;
  /** The client of a request: of a trusted proxy what `X-Forwarded-For` says, else the other end itself. */
  clientOf(peer: string, forwardedFor: string | undefined): ClientAddress;
  /** Whether requests of this client are served. */
  mayRequest(client: ClientAddress): boolean;
}

/** Longest X-Forwarded-For that is read, and most proxies it is followed through. */
const FORWARDED_CHARS_MAX = 4_096;
const HOPS_MAX = 32;

/** The lists of an edge's configuration. */
export type AccessLists = Pick<EdgeConfig["access"], "allow" | "block" | "trustedProxies">;

/** Makes the rules. `lists` is asked each time: new lists hold for new connections, and for new requests by proxies. */
export function createAccess(lists: () => AccessLists): Access {
  let rules = createRules(lists());
  const now = (): Rules => {
    const current = lists();
    if (rules.lists !== current) rules = createRules(current);
    return rules;
  };
  return {
    get isDirect() {
      return now().proxies.isEmpty;
    },
    mayConnect(peer) {
      const { proxies } = now();
      return (!proxies.isEmpty && proxies.has(peer)) || mayRequest(now(), peer);
    },
    clientOf(peer, forwardedFor) {
      const { proxies } = now();
      return proxies.isEmpty || forwardedFor === undefined || !proxies.has(peer)
        ? unmapAddress(peer)
        : findClient(unmapAddress(peer), forwardedFor, proxies);
    },
    mayRequest: (client) => mayRequest(now(), client),
  };
}

interface Rules {
  readonly lists: AccessLists;
  readonly allow: AddressSet;
  readonly block: AddressSet;
  readonly proxies: AddressSet;
}

function createRules(lists: AccessLists): Rules {
  return {
    lists,
    allow: createAddressSet(lists.allow),
    block: createAddressSet(lists.block),
    proxies: createAddressSet(lists.trustedProxies),
  };
}

function mayRequest({ allow, block }: Rules, client: ClientAddress): boolean {
  return (block.isEmpty || !block.has(client)) && (allow.isEmpty || allow.has(client));
}

/** The rightmost address that is no trusted proxy: everything left of it may be made up by whoever it is. */
function findClient(peer: ClientAddress, forwardedFor: string, proxies: AddressSet): ClientAddress {
  if (forwardedFor.length > FORWARDED_CHARS_MAX) return peer;
  const hops = forwardedFor.split(",").slice(-HOPS_MAX);
  let client = peer;
  for (let at = hops.length - 1; at >= 0; at--) {
    const hop = parseForwarded(hops[at] ?? "");
    // What is no address was not written by a proxy that is to be trusted: the last one that was answers for it.
    if (hop === null) return client;
    client = hop;
    if (!proxies.has(hop)) return hop;
  }
  return client;
}
