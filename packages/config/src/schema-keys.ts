import { z } from "zod";

/** One configuration key, as the schema describes it. */
export interface ConfigKey {
  /** Dotted path, such as `pool.waitTimeoutMs`; items of a list as `logins[].name`. */
  readonly path: string;
  /** Its environment variable; `null` inside lists, which are set as a whole. */
  readonly env: string | null;
  readonly type: "string" | "integer" | "boolean" | "array";
  /** Allowed values, range or shape, in words; `""` = anything of the type. */
  readonly range: string;
  readonly required: boolean;
  /** The optional section it stands in: it is required only when that section is given. */
  readonly optionalSection: string | null;
  /** `undefined` = none. */
  readonly fallback: string | number | boolean | undefined;
  readonly meaning: string;
  /** Whether a list holds plain texts, which the environment may separate by commas. */
  readonly isTextList: boolean;
  /** Whether a change is applied by a reload; otherwise it needs a restart. */
  readonly reload: boolean;
  /** What the file that the value names must contain; `null` = the value names no file. */
  readonly file: "certificate" | "key" | null;
  /** Whether the value must never be shown. */
  readonly secret: boolean;
}

/** The part of JSON Schema that zod emits for our schemas. */
interface Node {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** An object for a section that is filled in when absent. */
  readonly default?: string | number | boolean | object;
  readonly description?: string;
  /** Marks of our own; see `fields.ts`. */
  readonly reload?: boolean;
  readonly file?: "certificate" | "key";
  readonly secret?: boolean;
}

/** Prefix of every environment variable. */
export const ENV_PREFIX = "ROCKPOOL_";

/** Asked for at each load, check and reload; a schema never changes, and walking one costs a megabyte of garbage. */
const KEYS = new WeakMap<z.ZodObject, readonly ConfigKey[]>();

/** Every key of a schema, in its order. */
export function listConfigKeys(schema: z.ZodObject): readonly ConfigKey[] {
  const known = KEYS.get(schema);
  if (known !== undefined) return known;
  const keys = readConfigKeys(schema);
  KEYS.set(schema, keys);
  return keys;
}

function readConfigKeys(schema: z.ZodObject): ConfigKey[] {
  // zod types its output as full JSON Schema; our schemas only use what Node names.
  return walk(z.toJSONSchema(schema, { io: "input" }) as Node, {
    prefix: "",
    inEnv: true,
    optionalSection: null,
    reload: false,
  });
}

/** The environment variable of a dotted path: `cache.sizeMaxBytes` → `ROCKPOOL_CACHE_SIZE_MAX_BYTES`. */
export function envNameOf(path: string): string {
  return (
    ENV_PREFIX +
    path
      .replaceAll(/([A-Z])/g, "_$1")
      .replaceAll(".", "_")
      .toUpperCase()
  );
}

/** Where in the schema the walk is. */
interface Place {
  readonly prefix: string;
  readonly inEnv: boolean;
  readonly optionalSection: string | null;
  readonly reload: boolean;
}

function walk(node: Node, place: Place): ConfigKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const path = place.prefix + name;
    const reload = place.reload || child.reload === true;
    const required = node.required?.includes(name) ?? false;
    if (child.properties !== undefined) {
      // A section with a default is filled in; one without, and not required, may be left out as a whole.
      const isOptional = !required && child.default === undefined;
      return walk(child, {
        ...place,
        prefix: `${path}.`,
        optionalSection: isOptional ? path : place.optionalSection,
        reload,
      });
    }
    const key = describeKey(path, child, required, { ...place, reload });
    if (child.items === undefined) return [key];
    const items = { prefix: `${path}[].`, inEnv: false, optionalSection: null, reload };
    return [key, ...walk(child.items, items)];
  });
}

function describeKey(path: string, node: Node, required: boolean, place: Place): ConfigKey {
  return {
    path,
    env: place.inEnv ? envNameOf(path) : null,
    type: node.type === "integer" || node.type === "boolean" || node.type === "array" ? node.type : "string",
    range: rangeOf(node),
    required,
    optionalSection: place.optionalSection,
    fallback: typeof node.default === "object" ? undefined : node.default,
    meaning: node.description ?? "",
    isTextList: node.items?.type === "string",
    reload: place.reload,
    file: node.file ?? null,
    secret: node.secret ?? false,
  };
}

function rangeOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.join(", ");
  if (node.minimum !== undefined) return `${node.minimum} to ${node.maximum}`;
  if (node.minItems !== undefined) return `${node.minItems} to ${node.maxItems} items`;
  if (node.minLength !== undefined && node.minLength > 1) return `at least ${node.minLength} characters`;
  return "";
}
