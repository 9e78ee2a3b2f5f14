import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { RockpoolError } from "@rockpool/base";
import { createSession, type EngineLogin, type Session } from "@rockpool/engine";
import { encodeSession, type Mac, signToken, verifyToken } from "@rockpool/protocol/psdb";

/** A session and the text that stands for it in an answer. */
export interface SpokenSession {
  readonly session: Session;
  /** The psdb `session` object, ready to be spliced. */
  readonly text: string;
  /** The token alone. */
  readonly signature: string;
}

/** Tokens whose check is remembered. */
const TOKENS_MAX = 10_000;
/** Databases per login whose first session is remembered. */
const SCHEMAS_MAX = 100;

/** Turns sessions into signed tokens and back. The key comes from the origin, so a token is valid at every edge (R13). */
export class SessionCodec {
  #mac: Mac | null = null;
  #keyHex: string | null = null;
  #fresh = new WeakMap<EngineLogin, Map<string | null, SpokenSession>>();
  #known = new Map<string, SpokenSession>();

  /** The feed told the key, at each of its starts; tokens of another one are void. */
  setKey(keyHex: string): void {
    if (keyHex === this.#keyHex) return;
    this.#keyHex = keyHex;
    this.#mac = createMac(Buffer.from(keyHex, "hex"));
    this.#fresh = new WeakMap();
    this.#known = new Map();
  }

  /**
   * The session of a client that sends none, in the login's database or in another: one per login and database, shared
   * until a statement gives it state of its own.
   */
  fresh(login: EngineLogin, schema: string | null = login.schema): SpokenSession {
    const known = this.#fresh.get(login)?.get(schema);
    if (known !== undefined) return known;
    const spoken = this.#speak({ ...createSession(login, randomUUID()), schema });
    const bySchema = this.#fresh.get(login) ?? new Map<string | null, SpokenSession>();
    if (bySchema.size >= SCHEMAS_MAX) bySchema.clear();
    bySchema.set(schema, spoken);
    this.#fresh.set(login, bySchema);
    return spoken;
  }

  /** The session of a token. Throws `bad-session` for a forged or foreign one. */
  decode(signature: string, login: EngineLogin): SpokenSession {
    const known = this.#known.get(signature);
    if (known !== undefined && known.session.login === login) return known;
    const token = verifyToken(signature, this.#requireMac());
    if (token.login !== login.name)
      throw new RockpoolError("bad-session", { context: { reason: "foreign" } });
    const session: Session = {
      login,
      uuid: token.sessionUuid,
      schema: token.schema ?? login.schema,
      pin: token.pin?.id ?? null,
      lost: token.lost,
      inTransaction: token.inTransaction,
      autocommit: token.autocommit,
      variables: token.virtualSets,
      lastInsertId: BigInt(token.lastInsertId),
      bookmark: token.bookmark,
    };
    const spoken = { session, text: encodeText(session, signature), signature };
    this.#remember(signature, spoken);
    return spoken;
  }

  /** The session after a statement; the same text as long as nothing of it changed. */
  next(before: SpokenSession, after: Session): SpokenSession {
    if (isSameState(before.session, after)) return before;
    const isShared = this.#fresh.get(before.session.login)?.get(before.session.schema) === before;
    return this.#speak(isShared ? { ...after, uuid: randomUUID() } : after);
  }

  #speak(session: Session): SpokenSession {
    const signature = signToken(
      {
        sessionUuid: session.uuid,
        login: session.login.name,
        pin: session.pin === null ? null : { id: session.pin },
        lost: session.lost,
        inTransaction: session.inTransaction,
        autocommit: session.autocommit,
        virtualSets: session.variables,
        lastInsertId: session.lastInsertId.toString(),
        bookmark: session.bookmark,
        schema: session.schema === session.login.schema ? null : session.schema,
      },
      this.#requireMac(),
    );
    return { session, text: encodeText(session, signature), signature };
  }

  #remember(signature: string, spoken: SpokenSession): void {
    if (this.#known.size >= TOKENS_MAX) this.#known.clear();
    this.#known.set(signature, spoken);
  }

  #requireMac(): Mac {
    if (this.#mac === null) throw new RockpoolError("origin-unreachable");
    return this.#mac;
  }
}

function encodeText(session: Session, signature: string): string {
  const { autocommit, inTransaction, uuid, lastInsertId } = session;
  return encodeSession(signature, { autocommit, inTransaction, sessionUuid: uuid, lastInsertId });
}

function isSameState(left: Session, right: Session): boolean {
  return (
    left.pin === right.pin &&
    left.lost === right.lost &&
    left.inTransaction === right.inTransaction &&
    left.autocommit === right.autocommit &&
    left.schema === right.schema &&
    left.variables === right.variables &&
    left.lastInsertId === right.lastInsertId &&
    left.bookmark?.epoch === right.bookmark?.epoch &&
    left.bookmark?.seq === right.bookmark?.seq
  );
}

function createMac(key: Buffer): Mac {
  const sign = (bytes: Uint8Array): Uint8Array => createHmac("sha256", key).update(bytes).digest();
  return {
    sign,
    verify: (bytes, mac) => {
      const expected = sign(bytes);
      return mac.length === expected.length && timingSafeEqual(mac, expected);
    },
  };
}
