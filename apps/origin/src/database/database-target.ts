/** How the connection to the database is encrypted. `ca` is PEM text, not a path. */
export type DatabaseTls =
  /** No encryption. Passwords still never travel in the clear (native, or RSA for caching_sha2). */
  | { readonly mode: "off" }
  /** Encryption or nothing. With a `ca` the server's certificate must come from it; its name is not compared. */
  | { readonly mode: "require"; readonly ca?: string }
  /** As `require`, and the certificate must be trusted (`ca`, else the system's roots) and name the host. */
  | { readonly mode: "verify-full"; readonly ca?: string };

/** Where the database is. */
export interface DatabaseTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: DatabaseTls;
}

/** As whom a connection logs in; everything that makes two connections different in rights or answers. */
export interface DatabaseAccount {
  /** Unique among the pool's accounts; goes into logs and metrics, so never a secret. */
  readonly name: string;
  readonly user: string;
  readonly password: string;
  /** Default schema; null = none. */
  readonly database: string | null;
  /** CLIENT_FOUND_ROWS: UPDATE reports matched instead of changed rows, as psdb clients expect. */
  readonly foundRows: boolean;
}
