const SLASH = 0x2f;

/** A request target as path and query: what is absolute (RFC 9112, 3.2.2) loses its scheme and authority. */
export function originForm(target: string): string {
  if (target.charCodeAt(0) === SLASH) return target;
  const authority = target.indexOf("://");
  if (authority < 0) return target;
  const path = target.slice(authority + 3).search(/[/?#]/);
  if (path < 0) return "/";
  const rest = target.slice(authority + 3 + path);
  return rest.charCodeAt(0) === SLASH ? rest : `/${rest}`;
}

/** A target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
