/** One thing wrong with a configuration. Never contains a configured value: it may be a secret. */
export interface ConfigProblem {
  /** Dotted path such as `cache.sizeMaxBytes`, or the environment variable's name; `""` = the whole file. */
  readonly key: string;
  /** What is wrong. */
  readonly problem: string;
  /** What to do about it. */
  readonly fix: string;
  /** Where it was set: `edge.yaml:12`, or the variable that won over the file. */
  readonly where?: string | undefined;
}

/** Thrown when a configuration cannot be used. `message` lists every problem, a line each. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(["The configuration cannot be used:", ...problems.map(formatProblem)].join("\n"));
    this.problems = problems;
  }
}

function formatProblem({ key, problem, fix, where }: ConfigProblem): string {
  const place = [where, key === "" && where === undefined ? "(file)" : key].filter(Boolean).join(": ");
  return `  ${place}: ${problem}. Fix: ${fix}`;
}
