import { BlockList, isIP } from "node:net";

/** Names that only a private resolver knows. */
const PRIVATE_NAME = /^[^.]+$|\.(internal|local|localhost|lan|private|svc|flycast|home\.arpa)$/i;
const LOOPBACK_NAME = /^(localhost|.*\.localhost)$/i;
/** Every address of the machine. */
const WILDCARDS: readonly string[] = ["0.0.0.0", "::", ""];

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** RFC 1918, RFC 6598 (used by overlay networks), link-local and unique local addresses. */
const privates = new BlockList();
for (const [net, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
] as const) {
  privates.addSubnet(net, prefix, "ipv4");
}
privates.addSubnet("fc00::", 7, "ipv6");
privates.addSubnet("fe80::", 10, "ipv6");

/** Whether a host stands for every address of a machine. */
export function isWildcardHost(host: string): boolean {
  return WILDCARDS.includes(host);
}

/** Whether what is sent to `host` stays on the machine: a loopback address, or a unix socket's path. */
export function isLoopbackHost(host: string): boolean {
  return host.startsWith("/") || LOOPBACK_NAME.test(host) || isIn(loopback, host);
}

/** Whether `host` is on this machine or in a private network, as far as its name or address tells. */
export function isPrivateHost(host: string): boolean {
  if (isLoopbackHost(host)) return true;
  return isIP(bare(host)) === 0 ? PRIVATE_NAME.test(host) : isIn(privates, host);
}

function isIn(list: BlockList, host: string): boolean {
  const address = bare(host);
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** Without the brackets of a URL and without a zone. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
}
