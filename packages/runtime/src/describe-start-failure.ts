/** Why a listener could not be opened, and what to do about it. */
const LISTEN_ADVICE: Readonly<Record<string, (key: string) => string>> = {
  EADDRINUSE: (key) =>
    `another program listens there. Fix: stop it, or set ${key}.port to a free port (0 = any)`,
  EACCES: (key) =>
    `this user may not. Fix: set ${key}.port above 1023, or give the program the capability CAP_NET_BIND_SERVICE`,
  EADDRNOTAVAIL: (key) =>
    `this machine has no such address. Fix: set ${key}.host to one of its own, or to 0.0.0.0`,
  ENOTFOUND: (key) => `the name has no address. Fix: set ${key}.host to an address of this machine`,
  EAI_AGAIN: (key) => `the name cannot be resolved. Fix: set ${key}.host to an address of this machine`,
};

/**
 * One line for a start that failed in a way an operator can mend; `null` = unexpected, show everything. `config` is
 * searched for the listener whose address the error carries.
 */
export function describeStartFailure(error: unknown, config: object): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  const { code } = error;
  const advice = LISTEN_ADVICE[code];
  if (advice !== undefined && "syscall" in error) {
    const { address, port } = addressOf(error);
    const key = findListener(config, address, port);
    const place = port === null ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`;
    if (key !== null) return `cannot listen on ${place} (${key}): ${advice(key)} (${code})`;
  }
  // Node's words for a certificate or key that does not fit; they contain nothing of the key.
  if (code.startsWith("ERR_OSSL_") || code.startsWith("ERR_TLS_")) {
    return `a certificate or its key cannot be used: ${error.message} (${code}). Fix: check the files that certFile and keyFile name`;
  }
  return null;
}

function addressOf(error: Error): { address: string; port: number | null } {
  const address = "address" in error ? error.address : "hostname" in error ? error.hostname : "";
  return { address: String(address), port: "port" in error ? Number(error.port) : null };
}

/** The dotted key of the listener with this address below `config.listen`. */
function findListener(config: object, address: string, port: number | null): string | null {
  const listeners = "listen" in config && typeof config.listen === "object" ? config.listen : null;
  const found = Object.entries(listeners ?? {}).filter(
    ([, value]: [string, unknown]) =>
      typeof value === "object" &&
      value !== null &&
      "host" in value &&
      "port" in value &&
      (port === null || value.port === port),
  );
  // Node tells the address that a name stood for, so the port decides unless several listeners share it.
  const exact = found.find(([, { host }]) => host === address) ?? found[0];
  return exact === undefined ? null : `listen.${exact[0]}`;
}
