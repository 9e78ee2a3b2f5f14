import { type ChangeSet, type Dependencies, isEmptyChange, type RowKey } from "@rockpool/base";

import { hasSchemaIn } from "./table-schemas.ts";

/**
 * Whether a change that has no position yet can alter an answer with these dependencies: the relation that
 * `VersionMap` keeps over time. A view may stand for other tables than its reader believes: any change concerns it.
 */
export function intersects(change: ChangeSet, deps: Dependencies): boolean {
  if (change.everything || (deps.throughView === true && !isEmptyChange(change))) return true;
  if (deps.schemas.some((schema) => change.schemas.includes(schema))) return true;
  for (const table of deps.tables) {
    if (change.tables.includes(table) || hasSchemaIn(table, change.schemas)) return true;
    if (change.keys.some((key) => key.table === table)) return true;
  }
  for (const key of deps.keys) {
    if (change.tables.includes(key.table) || hasSchemaIn(key.table, change.schemas)) return true;
    if (change.keys.some((changed) => isSameKey(changed, key))) return true;
  }
  return false;
}

function isSameKey(left: RowKey, right: RowKey): boolean {
  return left.value === right.value && left.column === right.column && left.table === right.table;
}
