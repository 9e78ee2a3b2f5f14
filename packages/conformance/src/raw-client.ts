import * as http from "node:http";

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
export function execute(
  base: string,
  login: { readonly user: string; readonly password: string },
  query: string,
  options: { readonly session?: unknown; readonly agent?: http.Agent; readonly signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      new URL("/psdb.v1alpha1.Database/Execute", base),
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`,
        },
        ...(options.agent === undefined ? {} : { agent: options.agent }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          try {
            const body = JSON.parse(text) as RawAnswer["body"]; // the wire form under test; read defensively by each test
            resolve({
              status: response.statusCode ?? 0,
              cache: String(response.headers["rockpool-cache"]),
              body,
            });
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      },
    );
    request.on("error", reject);
    request.end(JSON.stringify({ query, session: options.session ?? null }));
  });
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
