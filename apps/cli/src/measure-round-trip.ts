import { connect } from "node:net";

const ATTEMPTS = 3;
const TIMEOUT_MS = 3_000;

/** The least time in milliseconds that a TCP connection took, which is one round trip; or why there was none. */
export async function measureRoundTrip(host: string, port: number): Promise<number | string> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const measured = await connectOnce(host, port);
    if (typeof measured === "string") return measured;
    leastMs = Math.min(leastMs, measured);
  }
  return Math.round(leastMs * 10) / 10;
}

function connectOnce(host: string, port: number): Promise<number | string> {
  return new Promise((resolve) => {
    let startedAt = performance.now();
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const end = (outcome: number | string): void => {
      socket.destroy();
      resolve(outcome);
    };
    // The time that the name's resolution takes is not on the way.
    socket.once("lookup", () => (startedAt = performance.now()));
    socket.once("connect", () => end(performance.now() - startedAt));
    socket.once("timeout", () => end(`no answer within ${TIMEOUT_MS} ms`));
    socket.once("error", (error) =>
      end("code" in error && typeof error.code === "string" ? error.code : "no connection"),
    );
  });
}
