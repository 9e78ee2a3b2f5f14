/** Where a relay or proxy passes connections on to. */
export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}
