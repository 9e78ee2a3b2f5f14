export { bindKnex } from "./bind-knex.ts";
export { encodePolyscaleError, type PolyscaleError } from "./error-body.ts";
export { POLYSCALE_RESULT } from "./result.ts";
export { type KnexBindings, type KnexValue, parseSqlRequest, type SqlRequest } from "./sql-request.ts";
