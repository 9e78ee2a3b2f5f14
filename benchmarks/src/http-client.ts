import { encodeExecuteRequest } from "./execute-request.ts";
import { HttpLane, type LaneAnswer } from "./http-lane.ts";

/** One answer of an edge. */
export interface EdgeAnswer {
  /** The `rockpool-cache` header. */
  readonly cacheStatus: string;
  readonly head: string;
  /** The JSON text. */
  readonly body: string;
}

/** Statements over one keep-alive connection to an edge, one at a time. */
export interface HttpClient {
  /** Throws for anything but a 200 without an `error`. */
  execute(sql: string): Promise<EdgeAnswer>;
  close(): void;
}

/** A client of the edge at `url`. It connects with its first statement, and again after the edge ended the connection. */
export function createHttpClient(url: string, authorization: string): HttpClient {
  const { hostname, port } = new URL(url);
  let lane: HttpLane | null = null;
  let waiting: PromiseWithResolvers<EdgeAnswer> | null = null;
  const openLane = (): HttpLane =>
    new HttpLane({
      host: hostname,
      port: Number(port),
      onAnswer(answer) {
        const outcome = readAnswer(answer);
        if (outcome instanceof Error) waiting?.reject(outcome);
        else waiting?.resolve(outcome);
        waiting = null;
      },
      onLost(error) {
        lane = null;
        waiting?.reject(error);
        waiting = null;
      },
    });
  return {
    execute(sql) {
      const answer = Promise.withResolvers<EdgeAnswer>();
      waiting = answer;
      lane ??= openLane();
      lane.send(encodeExecuteRequest(authorization, sql));
      return answer.promise;
    },
    close: () => lane?.close(),
  };
}

function readAnswer({ status, head, body }: LaneAnswer): EdgeAnswer | Error {
  const text = body.toString("utf8");
  if (status !== 200 || text.includes('"error":{')) {
    return new Error(`the edge answered ${status}: ${text.slice(0, 500)}`);
  }
  return { cacheStatus: readHeader(head, "rockpool-cache"), head, body: text };
}

/** A header's value out of an answer's head; empty when it is not there. */
function readHeader(head: string, name: string): string {
  const start = head.indexOf(`\r\n${name}: `);
  if (start === -1) return "";
  const from = start + name.length + 4;
  const end = head.indexOf("\r\n", from);
  return head.slice(from, end === -1 ? undefined : end);
}

const WARM_ATTEMPTS_MAX = 1_000;

/** Repeats a statement until it is answered out of the cache. Throws when that does not happen. */
export async function warmStatement(client: HttpClient, sql: string): Promise<EdgeAnswer> {
  let last = "";
  for (let attempt = 0; attempt < WARM_ATTEMPTS_MAX; attempt += 1) {
    const answer = await client.execute(sql);
    if (answer.cacheStatus.startsWith("hit")) return answer;
    last = answer.cacheStatus;
  }
  throw new Error(`never answered out of the cache (${last}): ${sql}`);
}
