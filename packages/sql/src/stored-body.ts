import { type Call, findCalls } from "./calls.ts";
import { fold } from "./catalogue-index.ts";
import { lex } from "./lex.ts";
import { scanTableReferences } from "./table-references.ts";
import { parseTextModes } from "./text-modes.ts";
import { isName, symbolAt, type Token } from "./token.ts";

/** A routine that stored code calls: `null` schema = its own. */
export interface BodyCall {
  readonly schema: string | null;
  readonly name: string;
  readonly kind: "procedure" | "function";
  /** It names a built-in of one of the servers; a stored function of that name goes first all the same. */
  readonly builtIn: boolean;
}

/** What the text of a view, trigger, routine or column expression can do by itself, before what it calls is looked at. */
export interface StoredBody {
  /** False = it cannot be told what it does: unreadable, dynamic SQL, DDL. */
  readonly readable: boolean;
  readonly tokens: readonly Token[];
  readonly calls: readonly BodyCall[];
  /** All functions it calls directly are stable built-ins, and it reads no variables. */
  readonly stable: boolean;
  /** It may leave session state: user variables, SET of system variables, locks, temporary tables, transactions. */
  readonly leavesState: boolean;
}

const UNREADABLE: StoredBody = { readable: false, tokens: [], calls: [], stable: false, leavesState: true };

/** Statements inside a body whose effect no list of tables can describe. */
const BEYOND_TABLES = new Set(
  "PREPARE EXECUTE DEALLOCATE ALTER DROP TRUNCATE RENAME GRANT REVOKE FLUSH OPTIMIZE REPAIR LOAD".split(" "),
);
const STATEFUL = new Set(
  "TEMPORARY LOCK UNLOCK START COMMIT ROLLBACK SAVEPOINT XA SQL_CALC_FOUND_ROWS USE".split(" "),
);

/**
 * Reads stored SQL text. `locals` are the routine's parameters (lower case). `text` null, empty or with modes unknown is
 * unreadable.
 */
export function readStoredBody(
  text: string | null,
  sqlMode: string,
  locals: ReadonlySet<string>,
): StoredBody {
  const modes = parseTextModes(sqlMode);
  if (text === null || text.trim() === "" || !modes.readable) return UNREADABLE;
  const lexed = lex(text, { ...modes, tokenMax: 20_000, keepSemicolons: true });
  if (lexed.invalid || lexed.tooManyTokens || lexed.executableComment) return UNREADABLE;
  const tokens = lexed.tokens;
  if (tokens.some((token, index) => isBeyondTables(tokens, index, token))) return { ...UNREADABLE, tokens };
  const names = new Set([...procedureNames(tokens), ...scanTableReferences(tokens, 0).indexes]);
  const calls = findCalls(tokens, names);
  const variables = tokens.some(
    (token) => token.kind === "user-variable" || token.kind === "system-variable",
  );
  const declared = new Set([...locals, ...declaredNames(tokens)]);
  const stateful = tokens.some((token, index) => isStateful(tokens, index, token, declared));
  const sessions = calls.some((call) => call.kind === "session");
  return {
    readable: true,
    tokens,
    calls: [...calls.flatMap(storedFunction), ...procedureCalls(tokens)],
    stable: !variables && calls.every((call) => call.kind === "stable"),
    leavesState: variables || stateful || sessions,
  };
}

/** Any call may be of a stored function: the other server's built-ins are not this one's. */
function storedFunction(call: Call): BodyCall[] {
  if (call.kind === "session") return [];
  return [{ schema: call.schema, name: call.name, kind: "function", builtIn: call.kind !== "unlisted" }];
}

function isBeyondTables(tokens: readonly Token[], index: number, token: Token): boolean {
  if (!BEYOND_TABLES.has(token.symbol)) {
    if (token.symbol !== "CREATE") return false;
    return symbolAt(tokens, index + 1) !== "TEMPORARY";
  }
  return (
    symbolAt(tokens, index + 1) !== "(" &&
    !(token.symbol === "DROP" && symbolAt(tokens, index + 1) === "TEMPORARY")
  );
}

function isStateful(
  tokens: readonly Token[],
  index: number,
  token: Token,
  declared: ReadonlySet<string>,
): boolean {
  const before = symbolAt(tokens, index - 1);
  if (token.symbol === "HANDLER") return !["CONTINUE", "EXIT", "UNDO"].includes(before);
  if (token.symbol !== "SET")
    return STATEFUL.has(token.symbol) && !(token.symbol === "USE" && symbolAt(tokens, index + 1) === "INDEX");
  // `UPDATE t SET c = 1` assigns columns; a SET that starts a statement assigns variables.
  return startsStatement(tokens, index) && !assignsLocals(tokens, index + 1, declared);
}

/** Whether every assignment from `at` to the end of the statement is to a declared name or to a field such as `NEW.a`. */
function assignsLocals(tokens: readonly Token[], at: number, declared: ReadonlySet<string>): boolean {
  let depth = 0;
  let starts = true;
  for (let index = at; index < tokens.length && symbolAt(tokens, index) !== ";"; index++) {
    const symbol = symbolAt(tokens, index);
    const target = tokens[index];
    if (starts && symbolAt(tokens, index + 1) !== "." && !(isName(target) && declared.has(fold(target.text))))
      return false;
    if (symbol === "(") depth += 1;
    else if (symbol === ")") depth -= 1;
    starts = symbol === "," && depth === 0;
  }
  return true;
}

const BEFORE_STATEMENT = new Set(["", ";", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW"]);

function startsStatement(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  return before === undefined || BEFORE_STATEMENT.has(before.symbol);
}

/** Names after DECLARE up to the type; taking too many only for names that are declared. */
function declaredNames(tokens: readonly Token[]): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    if (symbolAt(tokens, at) !== "DECLARE") continue;
    for (let next = at + 1; isName(tokens[next]); next += 2) {
      names.push(fold(tokens[next]?.text ?? ""));
      if (symbolAt(tokens, next + 1) !== ",") break;
    }
  }
  return names;
}

function procedureNames(tokens: readonly Token[]): ReadonlySet<number> {
  const indexes = new Set<number>();
  for (let at = 0; at < tokens.length; at++) {
    if (symbolAt(tokens, at) !== "CALL") continue;
    indexes.add(symbolAt(tokens, at + 2) === "." ? at + 3 : at + 1);
  }
  return indexes;
}

function procedureCalls(tokens: readonly Token[]): readonly BodyCall[] {
  const calls: BodyCall[] = [];
  for (const at of procedureNames(tokens)) {
    const name = tokens[at];
    const schema = symbolAt(tokens, at - 1) === "." ? tokens[at - 2] : undefined;
    if (isName(name))
      calls.push({
        schema: isName(schema) ? schema.text : null,
        name: name.text,
        kind: "procedure",
        builtIn: false,
      });
  }
  return calls;
}
