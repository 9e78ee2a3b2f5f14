import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

const LOWEST_PORT = 20_000;
/** Linux hands out 32768 and up to outgoing connections, which may then squat on a port we want again after a restart. */
const FIRST_EPHEMERAL_PORT = 32_768;
const ATTEMPTS_MAX = 50;

/**
 * Makes `server` listen on a free loopback port below the ephemeral range, so that the same port can be taken again
 * after a restart. Returns the port. Throws the last listen error when no free port was found.
 */
export async function listenOnLoopback(server: Server): Promise<number> {
  let lastError: unknown;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(LOWEST_PORT, FIRST_EPHEMERAL_PORT);
    try {
      await listenOn(server, port);
      return port;
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

/** Makes `server` listen on exactly this loopback port; rejects with the listen error. */
export function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, backlog: 4096 }, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

/** A loopback port that was free a moment ago. Whoever uses it must be ready to lose the race and ask again. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
