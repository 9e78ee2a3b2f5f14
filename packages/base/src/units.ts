/** Bytes in one KiB. */
export const KIB = 1024;
/** Bytes in one MiB. */
export const MIB = 1024 * 1024;
/** Milliseconds in one second. */
export const SECOND_MS = 1000;
