import { once } from "node:events";
import * as http from "node:http";
import { text } from "node:stream/consumers";

/** One Execute answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** The `Rockpool-Cache` header. */
  readonly cache: string;
  readonly body: {
    readonly result?: {
      readonly fields?: unknown[];
      readonly rows?: { lengths?: string[]; values?: string }[];
      readonly rowsAffected?: string;
    };
    readonly session?: { readonly signature: string };
    readonly error?: { readonly code: string; readonly message: string };
  };
}

/** Sends one psdb Execute with nothing but node:http: what the driver would send, every byte of the answer at hand. */
export async function execute(
  base: string,
  login: { readonly user: string; readonly password: string },
  query: string,
  options: { readonly session?: unknown; readonly agent?: http.Agent; readonly signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  const credentials = Buffer.from(`${login.user}:${login.password}`).toString("base64");
  const { agent, signal, session = null } = options;
  const request = http.request(new URL("/psdb.v1alpha1.Database/Execute", base), {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Basic ${credentials}` },
    ...(agent === undefined ? {} : { agent }),
    ...(signal === undefined ? {} : { signal }),
  });
  request.end(JSON.stringify({ query, session }));
  const [response] = (await once(request, "response")) as [http.IncomingMessage]; // node:http's documented argument
  const body = JSON.parse(await text(response)) as RawAnswer["body"]; // the wire form under test
  return { status: response.statusCode ?? 0, cache: String(response.headers["rockpool-cache"]), body };
}

/** The cells of an answer, decoded: NULL as null, everything else as latin1 text. */
export function cellsOf(answer: RawAnswer): (string | null)[][] {
  return (answer.body.result?.rows ?? []).map((row) => {
    const values = Buffer.from(row.values ?? "", "base64");
    let at = 0;
    return (row.lengths ?? []).map((length) => {
      const size = Number(length);
      if (size < 0) return null;
      at += size;
      return values.toString("latin1", at - size, at);
    });
  });
}
