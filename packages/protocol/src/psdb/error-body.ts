import { type DatabaseError, RockpoolError, type VitessCode } from "@rockpool/base";
import { encodeJsonText } from "./json-text.ts";

/** The vtrpc code names that a psdb client may see. */
export type PsdbErrorCode = VitessCode | "ALREADY_EXISTS" | "CANCELED";

/**
 * The `error` object of a 200 answer: `{"code":…,"message":"<text> (errno N) (sqlstate S)"}`, ASCII. Others parse
 * this message by word position, so a database's text goes through unprefixed; our own texts come from the table.
 */
export function encodeErrorBody(error: DatabaseError | RockpoolError): string {
  if (error instanceof RockpoolError) return errorObject(error.row.vitessCode, ownMessage(error));
  return errorObject(psdbErrorCode(error), withNumbers(error.message, error.errno, error.sqlState));
}

/**
 * The whole body of an answer whose HTTP status says error, in both forms: Connect's (top level) and the one that
 * database-js reads (`error`). ASCII.
 */
export function encodeHttpErrorBody(error: RockpoolError): string {
  const code = error.row.vitessCode.toLowerCase();
  const message = encodeJsonText(ownMessage(error));
  return `{"code":"${code}","message":${message},"error":{"code":"${code}","message":${message}}}`;
}

/** The vtrpc code of a database error, by errno as Vitess's tablet maps it; UNKNOWN for the rest. */
export function psdbErrorCode(error: DatabaseError): PsdbErrorCode {
  if (error.errno === OPTION_PREVENTS_STATEMENT) {
    return error.message.includes("read-only") ? "FAILED_PRECONDITION" : "UNKNOWN";
  }
  return CODE_BY_ERRNO.get(error.errno) ?? "UNKNOWN";
}

function ownMessage(error: RockpoolError): string {
  return withNumbers(error.row.text, error.row.errno, error.row.sqlState);
}

function withNumbers(text: string, errno: number, sqlState: string): string {
  return `${text} (errno ${errno}) (sqlstate ${sqlState})`;
}

function errorObject(code: PsdbErrorCode, message: string): string {
  return `{"code":"${code}","message":${encodeJsonText(message)}}`;
}

const OPTION_PREVENTS_STATEMENT = 1290;

/** Errnos by code. Beyond Vitess's list: 1142, 1143, 1370 (rights), 1317 (killed), 1969 and 3024 (time limits of MariaDB and MySQL). */
const ERRNOS: Readonly<Partial<Record<PsdbErrorCode, readonly number[]>>> = {
  UNIMPLEMENTED: [1235],
  RESOURCE_EXHAUSTED: [1021, 1037, 1038, 1040, 1041, 1114, 1129, 1135, 1151, 1153, 1203, 1206, 1226],
  DEADLINE_EXCEEDED: [1205, 1969, 3024],
  UNAVAILABLE: [1053, 2006],
  NOT_FOUND: [1029, 1032, 1054, 1094, 1109, 1122, 1141, 1146, 1147, 1176],
  PERMISSION_DENIED: [1044, 1045, 1095, 1142, 1143, 1211, 1227, 1370],
  FAILED_PRECONDITION: [
    1046, 1082, 1091, 1099, 1100, 1104, 1148, 1162, 1165, 1169, 1173, 1179, 1207, 1215, 1216, 1217, 1223,
    1230, 1241, 1242, 1264, 1288, 1289, 1291, 1451, 1452,
  ],
  ALREADY_EXISTS: [1050, 1062, 1086, 1125],
  ABORTED: [1078, 1080, 1152, 1213],
  CANCELED: [1317, 2013],
  INVALID_ARGUMENT: [
    1047, 1048, 1049, 1051, 1052, 1055, 1056, 1057, 1058, 1059, 1060, 1061, 1063, 1064, 1065, 1066, 1067,
    1068, 1069, 1070, 1071, 1072, 1073, 1074, 1075, 1083, 1084, 1085, 1089, 1090, 1093, 1096, 1097, 1101,
    1102, 1103, 1106, 1107, 1108, 1110, 1111, 1113, 1115, 1116, 1117, 1118, 1120, 1121, 1128, 1136, 1138,
    1139, 1140, 1144, 1149, 1166, 1167, 1170, 1171, 1172, 1193, 1204, 1210, 1221, 1222, 1225, 1228, 1229,
    1231, 1232, 1233, 1234, 1238, 1239, 1240, 1245, 1247, 1248, 1250, 1253, 1267, 1270, 1271, 1272, 1273,
    1280, 1281, 1283, 1292, 1293, 1294, 1298, 1300, 1366, 1406, 1690,
  ],
};

const CODE_BY_ERRNO: ReadonlyMap<number, PsdbErrorCode> = new Map(
  // Object.entries widens the keys; they are the record's own.
  (Object.entries(ERRNOS) as [PsdbErrorCode, readonly number[]][]).flatMap(([code, errnos]) =>
    errnos.map((errno) => [errno, code] as const),
  ),
);
