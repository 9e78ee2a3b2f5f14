import type { ConfigProblem } from "./config-error.ts";

const PLACEHOLDER =
  /^(replace|change)[-_ ]?(me|this)|^(your|insert|example|sample|placeholder)[-_ ]?(shared|secret|here)|^<.*>$|^\$\{|^(?<piece>.{1,4})\k<piece>+$/i;

/**
 * Refuses a shared secret that stands in some example, or that is one short piece over and over: with it anybody could
 * make session tokens and pass for an edge.
 */
export function findPlaceholderSecret(key: string, secret: string): ConfigProblem[] {
  if (!PLACEHOLDER.test(secret)) return [];
  const fix = "set it to what `openssl rand -hex 32` prints, on the origin and on every edge";
  return [{ key, problem: "is a placeholder, not a secret", fix }];
}
