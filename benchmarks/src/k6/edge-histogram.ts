/** Cumulative counts of one Prometheus histogram series at a moment. */
export interface ScrapedHistogram {
  /** Ascending by upper bound, in seconds; the last one is Infinity. */
  readonly buckets: readonly { readonly boundSeconds: number; readonly count: number }[];
}

const SERIES = "rockpool_edge_http_seconds_bucket";

/** Reads the edge's histogram of one status. Throws when the edge does not answer or has no such series. */
export async function scrapeEdgeHistogram(admin: string, status: "hit" | "miss"): Promise<ScrapedHistogram> {
  const response = await fetch(new URL("/metrics", admin));
  if (!response.ok) throw new Error(`the edge's metrics answered ${response.status}`);
  return parseHistogram(await response.text(), status);
}

/** Picks the series out of Prometheus text. Throws when it is not there. */
export function parseHistogram(text: string, status: "hit" | "miss"): ScrapedHistogram {
  const line = new RegExp(`^${SERIES}\\{status="${status}",le="([^"]+)"\\} (\\d+)$`, "gm");
  const buckets = Array.from(text.matchAll(line), ([, bound = "", count = ""]) => ({
    boundSeconds: bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound),
    count: Number(count),
  }));
  if (buckets.length === 0) throw new Error(`no series ${SERIES} with status ${status}`);
  return { buckets };
}

/** What was recorded between two scrapes. */
export function subtractHistogram(after: ScrapedHistogram, before: ScrapedHistogram): ScrapedHistogram {
  return {
    buckets: after.buckets.map(({ boundSeconds, count }, index) => ({
      boundSeconds,
      count: count - (before.buckets[index]?.count ?? 0),
    })),
  };
}

/** How many events a histogram holds. */
export function countEvents({ buckets }: ScrapedHistogram): number {
  return buckets.at(-1)?.count ?? 0;
}

/**
 * The share `p` (0 to 1) of all events lies below this many milliseconds: interpolated within a bucket, so it is off by
 * up to a third of the value, the width of a bucket. NaN without events.
 */
export function histogramQuantileMs(histogram: ScrapedHistogram, p: number): number {
  const rank = p * countEvents(histogram);
  let [lowSeconds, below] = [0, 0];
  for (const { boundSeconds, count } of histogram.buckets) {
    if (count >= rank && count > below) {
      if (!Number.isFinite(boundSeconds)) return lowSeconds * 1000;
      return (lowSeconds + (boundSeconds - lowSeconds) * ((rank - below) / (count - below))) * 1000;
    }
    [lowSeconds, below] = [boundSeconds, count];
  }
  return Number.NaN;
}
