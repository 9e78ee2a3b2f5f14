import type { Clock } from "@rockpool/base";
import type { Engine } from "@rockpool/engine";
import type { EdgeMetrics } from "../edge-metrics.ts";
import { BodySender } from "./body-sender.ts";
import { CodedStreams } from "./coded-stream.ts";
import type { Intake, StatementLimits } from "./intake.ts";
import { PolyscaleEndpoint } from "./polyscale-endpoint.ts";
import { PsdbEndpoints } from "./psdb-endpoints.ts";
import { Renderings } from "./renderings.ts";
import type { SessionCodec } from "./session-codec.ts";
import { StatementRunner } from "./statement-runner.ts";
import { TidbEndpoint } from "./tidb-endpoint.ts";

/** What the endpoints are made of. */
export interface EndpointsOptions {
  readonly intake: Intake;
  readonly engine: Engine;
  readonly codec: SessionCodec;
  readonly clock: Clock;
  readonly metrics: EdgeMetrics;
  readonly limits: StatementLimits;
}

/** Every endpoint of the door. */
export interface Endpoints {
  readonly intake: Intake;
  readonly psdb: PsdbEndpoints;
  readonly polyscale: PolyscaleEndpoint;
  readonly tidb: TidbEndpoint;
}

/** Large answers that are compressed while they come, at once; about a MiB each. The next ones go as they are. */
const CODED_STREAMS_MAX = 64;

/** Makes the endpoints; all of them answer out of the same cache. */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  const sender = new BodySender(new Renderings(options.engine), new CodedStreams(CODED_STREAMS_MAX));
  const runner = new StatementRunner({ ...options, sender });
  return {
    intake: options.intake,
    psdb: new PsdbEndpoints({ ...options, runner }),
    polyscale: new PolyscaleEndpoint({ ...options, runner }),
    tidb: new TidbEndpoint({ ...options, runner }),
  };
}
