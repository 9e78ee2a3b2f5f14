import { join } from "node:path";
import { currentUid, REDO_LOG_SIZE } from "./datadir-template.ts";

/** What a private server is started with. */
export interface ServerArguments {
  readonly folder: string;
  readonly port: number;
  readonly socketPath: string;
  readonly maxConnections: number;
  readonly extraArgs: readonly string[];
  /** SQL, a statement a line, run before the first client is let in; null on a later start. */
  readonly initFile: string | null;
}

/** The data directory's place inside a private database's folder. */
function dataDirOf(folder: string): string {
  return join(folder, "data");
}

/**
 * The command line of a private server: loopback only, full row log, small buffers. It survives a SIGKILL without
 * losing an acknowledged commit (the log reaches the OS at each commit), but not a power cut: it is a throwaway.
 * `extraArgs` come last and win.
 */
export function formatServerArguments(options: ServerArguments): string[] {
  return [
    "--no-defaults",
    ...(currentUid() === 0 ? ["--user=root"] : []),
    `--datadir=${dataDirOf(options.folder)}`,
    `--tmpdir=${options.folder}`,
    `--socket=${options.socketPath}`,
    `--pid-file=${join(options.folder, "pid")}`,
    "--bind-address=127.0.0.1",
    `--port=${options.port}`,
    "--skip-name-resolve",
    "--server-id=1",
    "--log-bin=binlog",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--sync-binlog=0",
    "--log-bin-trust-function-creators=1",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    `--max-connections=${options.maxConnections}`,
    "--back-log=1024",
    // Fault tests cut many handshakes; the default of 100 would lock the loopback host out.
    "--max-connect-errors=4294967295",
    "--max-allowed-packet=256M",
    "--innodb-buffer-pool-size=64M",
    `--innodb-log-file-size=${REDO_LOG_SIZE}`,
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    "--innodb-use-native-aio=0",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--innodb-buffer-pool-load-at-startup=0",
    "--aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
    "--performance-schema=OFF",
    ...(options.initFile === null ? [] : [`--init-file=${options.initFile}`]),
    ...options.extraArgs,
  ];
}
