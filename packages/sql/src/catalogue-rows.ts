/** One table, view or sequence: information_schema.TABLES. */
export interface TableRow {
  readonly table_schema: string;
  readonly table_name: string;
  readonly table_type: string;
  readonly engine: string | null;
}

/** One column that matters: information_schema.COLUMNS. */
export interface ColumnRow {
  readonly table_schema: string;
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
  readonly column_type: string;
  /** `PRI`, `UNI`, `MUL` = first column of an index; `""` = not. */
  readonly column_key: string;
  readonly column_default: string | null;
  /** `DEFAULT_GENERATED` marks MySQL's expression defaults. */
  readonly extra: string;
  readonly generation_expression: string | null;
}

/** One view: information_schema.VIEWS. An empty definition = the account may not see it. */
export interface ViewRow {
  readonly table_schema: string;
  readonly table_name: string;
  readonly view_definition: string | null;
}

/** One trigger: information_schema.TRIGGERS. */
export interface TriggerRow {
  readonly event_object_schema: string;
  readonly event_object_table: string;
  readonly action_statement: string | null;
  readonly sql_mode: string;
}

/** One routine: information_schema.ROUTINES. A null definition = the account may not see it. */
export interface RoutineRow {
  readonly routine_schema: string;
  readonly routine_name: string;
  /** `PROCEDURE` or `FUNCTION`; anything else (packages) is unreadable. */
  readonly routine_type: string;
  readonly routine_definition: string | null;
  readonly sql_mode: string;
}

/** One parameter of a routine: information_schema.PARAMETERS. */
export interface ParameterRow {
  readonly specific_schema: string;
  readonly specific_name: string;
  readonly parameter_name: string;
}

/** One foreign key: information_schema.REFERENTIAL_CONSTRAINTS. */
export interface ForeignKeyRow {
  readonly constraint_schema: string;
  readonly table_name: string;
  readonly unique_constraint_schema: string;
  readonly referenced_table_name: string;
  readonly update_rule: string;
  readonly delete_rule: string;
}

/** Where the account may see triggers: one schema (a name or a pattern, as granted), or, with null, everywhere. */
export interface TriggerRightRow {
  readonly schema_pattern: string | null;
}

/** All that `buildCatalogue` needs, as the queries of `CATALOGUE_QUERIES` answer it. */
export interface CatalogueRows {
  readonly lowerCaseTableNames: number;
  readonly schemas: readonly { readonly schema_name: string }[];
  readonly tables: readonly TableRow[];
  readonly columns: readonly ColumnRow[];
  readonly views: readonly ViewRow[];
  readonly triggers: readonly TriggerRow[];
  readonly routines: readonly RoutineRow[];
  readonly parameters: readonly ParameterRow[];
  readonly foreignKeys: readonly ForeignKeyRow[];
  readonly triggerRights: readonly TriggerRightRow[];
}

const SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')";

/** The account itself, as the privilege tables spell it; they show a powerful account those of others too. */
const GRANTEE =
  "CONCAT('\\'', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '\\'@\\'', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '\\'')";

/**
 * The queries whose rows make up `CatalogueRows`, for a connection with an empty `sql_mode` and utf8mb4, and an account that
 * sees every definition (SHOW VIEW, TRIGGER, and SELECT on mysql.proc or SHOW_ROUTINE): triggers it may not see are silently
 * missing from the answers, so `triggerRights` asks where that cannot be (rights that come from a role do not count). `lowerCaseTableNames` answers one row with one column `value`.
 */
export const CATALOGUE_QUERIES = {
  lowerCaseTableNames: "SELECT @@lower_case_table_names AS value",
  schemas: "SELECT SCHEMA_NAME AS schema_name FROM information_schema.SCHEMATA",
  tables: `SELECT TABLE_SCHEMA AS table_schema, TABLE_NAME AS table_name, TABLE_TYPE AS table_type, ENGINE AS engine
    FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ${SYSTEM} AND TABLE_TYPE <> 'TEMPORARY'`,
  columns: `SELECT TABLE_SCHEMA AS table_schema, TABLE_NAME AS table_name, COLUMN_NAME AS column_name, DATA_TYPE AS data_type,
    COLUMN_TYPE AS column_type, COLUMN_KEY AS column_key, COLUMN_DEFAULT AS column_default, EXTRA AS extra,
    GENERATION_EXPRESSION AS generation_expression
    FROM information_schema.COLUMNS WHERE TABLE_SCHEMA NOT IN ${SYSTEM}
    AND (COLUMN_KEY <> '' OR COLUMN_DEFAULT IS NOT NULL OR COALESCE(GENERATION_EXPRESSION, '') <> '')`,
  views: `SELECT TABLE_SCHEMA AS table_schema, TABLE_NAME AS table_name, VIEW_DEFINITION AS view_definition
    FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN ${SYSTEM}`,
  triggers: `SELECT EVENT_OBJECT_SCHEMA AS event_object_schema, EVENT_OBJECT_TABLE AS event_object_table,
    ACTION_STATEMENT AS action_statement, SQL_MODE AS sql_mode
    FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA NOT IN ${SYSTEM}`,
  routines: `SELECT ROUTINE_SCHEMA AS routine_schema, ROUTINE_NAME AS routine_name, ROUTINE_TYPE AS routine_type,
    ROUTINE_DEFINITION AS routine_definition, SQL_MODE AS sql_mode
    FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN ${SYSTEM}`,
  parameters: `SELECT SPECIFIC_SCHEMA AS specific_schema, SPECIFIC_NAME AS specific_name, PARAMETER_NAME AS parameter_name
    FROM information_schema.PARAMETERS WHERE PARAMETER_NAME IS NOT NULL AND SPECIFIC_SCHEMA NOT IN ${SYSTEM}`,
  foreignKeys: `SELECT CONSTRAINT_SCHEMA AS constraint_schema, TABLE_NAME AS table_name,
    UNIQUE_CONSTRAINT_SCHEMA AS unique_constraint_schema, REFERENCED_TABLE_NAME AS referenced_table_name,
    UPDATE_RULE AS update_rule, DELETE_RULE AS delete_rule FROM information_schema.REFERENTIAL_CONSTRAINTS`,
  triggerRights: `SELECT NULL AS schema_pattern FROM information_schema.USER_PRIVILEGES
    WHERE PRIVILEGE_TYPE = 'TRIGGER' AND GRANTEE = ${GRANTEE}
    UNION ALL SELECT TABLE_SCHEMA AS schema_pattern FROM information_schema.SCHEMA_PRIVILEGES
    WHERE PRIVILEGE_TYPE = 'TRIGGER' AND GRANTEE = ${GRANTEE}`,
} as const satisfies Record<keyof CatalogueRows, string>;
