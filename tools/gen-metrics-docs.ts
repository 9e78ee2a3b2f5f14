import { DASHBOARD_PAGE, METRICS_PAGE, RULES_PAGE, runGenerator } from "./tidy/generated-pages.ts";

// The page of the metrics, the rules for Prometheus and the dashboard: all out of the programs' own registries.
for (const page of [METRICS_PAGE, RULES_PAGE, DASHBOARD_PAGE]) {
  const { code, said } = runGenerator(page, `${import.meta.dirname}/..`, process.argv.slice(2));
  process.stdout.write(`${said}\n`);
  if (code !== 0) process.exitCode = code;
}
