import { matchesByLine, type ProjectFile } from "./project.ts";

/** One module name that a file imports or exports from. */
export interface ImportedModule {
  readonly line: number;
  /** As written. */
  readonly specifier: string;
}

/** Over masked code: what stands between the quotes is blank there, so that no text is taken for an import. */
const FROM = /(?<![.\w$])(?:from|import|require\.resolve|require)\s*\(?\s*(["'])( +)\1/dg;

/** Every module a file names in `import`, `export … from`, `import()` or `require()`. */
export function listImports(file: ProjectFile): ImportedModule[] {
  return Array.from(matchesByLine(file.masked.code, FROM), ({ line, match }) => {
    const [start, end] = match.indices?.[2] ?? [0, 0];
    return { line, specifier: file.text.slice(start, end) };
  });
}

/** The package a bare specifier names: `@a/b/c` → `@a/b`, `c/d` → `c`; `null` for relative paths and `node:`. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith(".") || specifier.startsWith("node:") || specifier.startsWith("/")) return null;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
