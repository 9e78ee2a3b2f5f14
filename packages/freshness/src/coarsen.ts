import { type ChangeSet, EVERYTHING } from "@rockpool/base";

/**
 * The same change in at most `namesMax` names: row keys beyond it become their tables, tables and schemas beyond it
 * everything.
 */
export function coarsen(change: ChangeSet, namesMax: number): ChangeSet {
  if (change.everything) return EVERYTHING;
  const keysFit = change.keys.length <= namesMax;
  const tables = keysFit
    ? change.tables
    : [...new Set([...change.tables, ...change.keys.map((key) => key.table)])];
  if (tables.length + change.schemas.length > namesMax) return EVERYTHING;
  return keysFit ? change : { ...change, tables, keys: [] };
}
