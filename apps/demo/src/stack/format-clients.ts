import type { StackInfo } from "./stack.ts";

/** What a person needs to talk to a stack: connection strings and a curl line, one line each. */
export function formatClientHints({ db, login, edges }: StackInfo, sql: string): string[] {
  const first = edges[0];
  const credentials = `${login.user}:${login.password}`;
  const body = JSON.stringify({ query: sql });
  return [
    ...edges.map(
      ({ http }, index) =>
        `${`edge ${index + 1}`.padEnd(10)} new Client({ url: "${http.replace("://", `://${credentials}@`)}" })   // @planetscale/database`,
    ),
    `database   mysql://${db.user}:${db.password}@${db.host}:${db.port}/${db.database}`,
    `curl       curl -si -u ${credentials} -H 'Content-Type: application/json' -d '${body}' ${first?.http ?? ""}/psdb.v1alpha1.Database/Execute`,
  ];
}
