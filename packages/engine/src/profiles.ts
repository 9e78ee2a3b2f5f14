import { type Analyser, type AnalysisContext, describeVirtualSets, type StatementFacts } from "@rockpool/sql";
import type { Session } from "./session.ts";

/** What the origin said of an account's connections in their base state. */
interface BaseProfile {
  readonly hash: string;
  readonly sqlMode: string;
}

/** The base profiles of database accounts (R16), and how the texts of sessions read under them. */
export class Profiles {
  readonly #known = new Map<string, BaseProfile>();

  /** The feed told the base profile of an account's connections, and the `sql_mode` in it. */
  set(account: string, hash: string, sqlMode: string): void {
    this.#known.set(account, { hash, sqlMode });
  }

  /** The feed starts over: what it told before is void. */
  clear(): void {
    this.#known.clear();
  }

  /** The profile's part of a key; null = not known. */
  hashOf(account: string): string | null {
    return this.#known.get(account)?.hash ?? null;
  }

  /**
   * Whether the session's texts read by MySQL's default rules (backslash escapes, double quotes for strings): only then
   * may anybody put literals into them. By any account's base mode while this one's is not known: it is the server's.
   */
  readsPlainText(session: Session): boolean {
    const base = this.#known.get(session.login.account) ?? this.#known.values().next().value;
    if (base === undefined || describeVirtualSets(session.variables).block !== null) return false;
    return describeVirtualSets([{ name: "sql_mode", value: `'${base.sqlMode}'` }]).block === null;
  }

  /** How the session's texts are to be read, as far as is known: of an unknown account as by harmless modes. */
  contextOf(session: Session): AnalysisContext {
    const { modes, charsetUnsafe } = describeVirtualSets(session.variables);
    const baseModes = this.#known.get(session.login.account)?.sqlMode ?? "";
    return { defaultSchema: session.schema, modes: modes === "" ? baseModes : modes, charsetUnsafe };
  }

  /** The facts of a text in a session. */
  analyse(analyser: Analyser, session: Session, sql: string): StatementFacts {
    const { block } = describeVirtualSets(session.variables);
    const facts = analyser.analyse(sql, this.contextOf(session));
    // A setting of the session can make its reads uncacheable, whatever their text.
    return block === null || !facts.plan.cacheable
      ? facts
      : { ...facts, plan: { cacheable: false, reason: block } };
  }
}
