/** What stands at a dotted path of plain data; `undefined` = nothing. List items: `logins[0].name`. */
export function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const part of splitPath(path)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part]; // any object can be indexed
  }
  return value;
}

/** `logins[0].name` → `["logins", 0, "name"]`. */
export function splitPath(path: string): (string | number)[] {
  if (path === "") return [];
  return path.split(/\.|\[|\]\.?/).flatMap((part) => {
    if (part === "") return [];
    return [/^\d+$/.test(part) ? Number(part) : part];
  });
}
