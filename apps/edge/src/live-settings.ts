import type { EdgeConfig } from "@rockpool/config";

/** The configuration in use. A reload replaces it; whoever needs a setting that may change reads it when it needs it. */
export interface LiveSettings {
  config: EdgeConfig;
}
