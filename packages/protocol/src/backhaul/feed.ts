/**
 * The feed: one long-lived bidirectional stream on a connection of its own. The edge sends `hello` once and a `ping`
 * every heartbeat; the origin sends `welcome`, then everything that alters what an edge may believe, in one order.
 * A `pong` queued behind a change is therefore read after it, and carries the position it speaks for (R1).
 */
import type { ChangeSet, LoginLimits, LoginRights } from "@rockpool/base";
import { ProtocolError } from "../protocol-error.ts";
import { encodeFrame, type Frame } from "./frame.ts";
import { PayloadReader, PayloadWriter } from "./wire.ts";

/** The version of all backhaul messages; both ends must speak the same. */
export const BACKHAUL_VERSION = 3;

/** A login as an edge knows it. */
export interface FeedLogin {
  readonly name: string;
  /** The password's scrypt hash as text, `$scrypt$ln=14,r=8,p=1$<salt>$<hash>`. */
  readonly verifier: string;
  /** Default database; null = none. */
  readonly schema: string | null;
  /** The database account used: part of the cache key (R15). */
  readonly account: string;
  readonly rights: LoginRights;
  /** Client networks from which it may be used, such as `10.0.0.0/8`; empty = all. */
  readonly networks: readonly string[];
  readonly limits: LoginLimits;
}

/** What an edge says first: where it stands. */
export interface Hello {
  readonly version: number;
  readonly epoch: string | null;
  readonly applied: number;
}

/** Messages from edge to origin on the feed. */
export type FeedRequest =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "ping"; readonly id: number };

/** A write of unknown outcome: what it may touch is in doubt until it settles (R14). */
export interface Doubt {
  readonly id: string;
  readonly change: ChangeSet;
}

/** Messages from origin to edge on the feed, in feed order. */
export type FeedMessage =
  | {
      readonly kind: "welcome";
      readonly version: number;
      /** Names the origin process: deadlines are in its clock. */
      readonly instance: string;
      readonly epoch: string;
      /** The next item's position is one more. When resumed: the edge's own `applied`. */
      readonly seq: number;
      readonly resumed: boolean;
      readonly consistency: "ttl" | "log";
      /** Hex of the key with which every edge signs and checks session tokens (R13). */
      readonly tokenKey: string;
      readonly doubts: readonly Doubt[];
    }
  | { readonly kind: "change"; readonly seq: number; readonly change: ChangeSet }
  | { readonly kind: "doubt"; readonly seq: number; readonly id: string; readonly change: ChangeSet }
  | { readonly kind: "settled"; readonly seq: number; readonly id: string; readonly change?: ChangeSet }
  /** `data` is CatalogueData of @rockpool/sql; `seq` the position published before it was loaded (R11). Null data = not loadable now. */
  | { readonly kind: "catalogue"; readonly seq: number; readonly data: unknown }
  | { readonly kind: "logins"; readonly logins: readonly FeedLogin[] }
  /** The base profile of an account's connections (R16), and its `sql_mode`, by which texts are read. */
  | { readonly kind: "profile"; readonly account: string; readonly profile: string; readonly sqlMode: string }
  | {
      readonly kind: "pong";
      readonly id: number;
      /** Origin's monotonic milliseconds when it answered (R18). */
      readonly originNow: number;
      readonly epoch: string;
      readonly seq: number;
      /** How old the visible sample behind this answer is, in origin's monotonic ms (R2); 0 in ttl mode. */
      readonly sampleAgeMs: number;
      readonly databaseUp: boolean;
    };

const FEED_REQUEST = 0x20;
const FEED_MESSAGE = 0x21;

/** A feed request frame. */
export function encodeFeedRequest(request: FeedRequest): Uint8Array {
  return encodeFrame(FEED_REQUEST, new PayloadWriter().json(request).finish());
}

/** A feed message frame. */
export function encodeFeedMessage(message: FeedMessage): Uint8Array {
  return encodeFrame(FEED_MESSAGE, new PayloadWriter().json(message).finish());
}

/** Decodes what an edge says on the feed. */
export function decodeFeedRequest(frame: Frame): FeedRequest {
  return decodeKind(frame, FEED_REQUEST, REQUEST_KINDS) as FeedRequest; // shape by version, kind checked
}

/** Decodes what an origin says on the feed. */
export function decodeFeedMessage(frame: Frame): FeedMessage {
  return decodeKind(frame, FEED_MESSAGE, MESSAGE_KINDS) as FeedMessage; // shape by version, kind checked
}

const REQUEST_KINDS: ReadonlySet<string> = new Set(["hello", "ping"]);
const MESSAGE_KINDS: ReadonlySet<string> = new Set([
  "welcome",
  "change",
  "doubt",
  "settled",
  "catalogue",
  "logins",
  "profile",
  "pong",
]);

function decodeKind(frame: Frame, type: number, kinds: ReadonlySet<string>): { kind: string } {
  if (frame.type !== type) throw new ProtocolError(`unexpected feed message type ${frame.type}`);
  const reader = new PayloadReader(frame.payload);
  const value = reader.json();
  reader.end();
  if (typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string") {
    if (kinds.has(value.kind)) return { ...value, kind: value.kind };
  }
  throw new ProtocolError("unknown feed message");
}
