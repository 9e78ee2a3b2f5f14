/** h1 = cleartext HTTP/1.1; tls = whatever this Node's own fetch negotiates; h2 = over TLS; h2c = cleartext HTTP/2. */
export type Transport = "h1" | "tls" | "h2" | "h2c";

/** Every transport. */
export const TRANSPORTS: readonly Transport[] = ["h1", "tls", "h2", "h2c"];

/** Whether it goes to the door with TLS. */
export function isSecure(transport: Transport): boolean {
  return transport === "tls" || transport === "h2";
}
