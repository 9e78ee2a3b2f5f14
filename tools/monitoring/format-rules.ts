import { ALERT_RULES, RECORDING_RULES, runbookOf } from "./rules.ts";

/** The rule file for Prometheus: recording rules, then alerts. */
export function formatRules(): string {
  const lines = [
    "# Written by `node tools/gen-metrics-docs.ts` out of tools/monitoring/rules.ts. Check: promtool check rules FILE",
    "groups:",
    "  - name: rockpool-recording",
    "    rules:",
  ];
  for (const { record, expr } of RECORDING_RULES) {
    lines.push(`      - record: ${record}`, `        expr: ${quote(expr)}`);
  }
  lines.push("  - name: rockpool-alerts", "    rules:");
  for (const rule of ALERT_RULES) {
    lines.push(
      `      - alert: ${rule.alert}`,
      `        expr: ${quote(rule.expr)}`,
      `        for: ${rule.for}`,
      "        labels:",
      `          severity: ${rule.severity}`,
      "        annotations:",
      `          summary: ${quote(rule.summary)}`,
      `          runbook_url: ${runbookOf(rule)}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A YAML single-quoted scalar: only the quote itself is special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
