/** How programs end; 64 and above are the numbers of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** It could not start, or could not end cleanly. */
  failed: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A broken invariant. */
  software: 70,
  /** The configuration cannot be used; a restart will not help. */
  config: 78,
} as const;
