import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type {
  BareServerOrder,
  BareServerReady,
  LoadMessage,
  LoadOrder,
  LoadResult,
} from "./child-messages.ts";

/** A server of node:http alone. */
export interface BareServer {
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

/** A process that makes load. */
export interface LoadGenerator {
  /** Runs one measurement; `onMeasuring` is called at its beginning. One at a time. Throws when the process dies. */
  run(order: LoadOrder, onMeasuring: () => void): Promise<LoadResult>;
  close(): Promise<void>;
}

/** Starts the bare server on a free loopback port. */
export async function openBareServer(order: BareServerOrder): Promise<BareServer> {
  const child = openChild("bare-server-main.ts");
  const { pid } = child.process;
  if (pid === undefined) throw new Error("the bare server did not start");
  child.process.send(order);
  // Its only message.
  const ready = (await child.next()) as BareServerReady;
  return { port: ready.port, pid, close: () => child.close() };
}

/** Starts the load generator. */
export function openLoadGenerator(): LoadGenerator {
  const child = openChild("load-generator-main.ts");
  return {
    async run(order, onMeasuring) {
      child.process.send(order);
      for (;;) {
        // Both ends are ours.
        const message = (await child.next()) as LoadMessage;
        if (message.kind === "measured") return message;
        onMeasuring();
      }
    },
    close: () => child.close(),
  };
}

interface Child {
  readonly process: ChildProcess;
  next(): Promise<unknown>;
  close(): Promise<void>;
}

/** It ends by itself when this process is gone. */
function openChild(file: string): Child {
  const child = fork(join(import.meta.dirname, file), { serialization: "json" });
  const gone = once(child, "exit");
  return {
    process: child,
    async next() {
      const messages = once(child, "message").then(([message]: unknown[]) => message);
      const death = gone.then(() => Promise.reject(new Error(`${file} ended`)));
      return Promise.race([messages, death]);
    },
    async close() {
      if (child.connected) child.disconnect();
      await gone;
    },
  };
}
