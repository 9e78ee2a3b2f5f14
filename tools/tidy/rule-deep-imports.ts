import { dirname, posix } from "node:path";
import { listImports, packageOf } from "./imports.ts";
import { LAYERS, layerOf } from "./layers.ts";
import { type ProjectFiles, type Rule, typescriptFiles } from "./project.ts";

/** Other packages are entered through their `exports` only, never by path. */
export const deepImportsRule: Rule = {
  name: "deep-imports",
  *check(files) {
    for (const file of typescriptFiles(files)) {
      const layer = layerOf(file.path);
      for (const { line, specifier } of listImports(file)) {
        if (specifier.startsWith(".") && layer !== null) {
          const target = posix.join(dirname(file.path), specifier);
          if (target.startsWith(`${layer.folder}/`)) continue;
          yield { path: file.path, line, message: `${specifier} leaves ${layer.folder}` };
        } else if (specifier.startsWith("@rockpool/") && !isExported(files, specifier)) {
          yield { path: file.path, line, message: `${specifier} is not in the package's exports` };
        }
      }
    }
  },
};

function isExported(files: ProjectFiles, specifier: string): boolean {
  const name = packageOf(specifier);
  const folder = LAYERS.find((layer) => layer.name === name)?.folder;
  const text = files.get(`${folder}/package.json`)?.text;
  if (name === null || text === undefined) return false;
  const manifest: { exports?: Readonly<Record<string, unknown>> } = JSON.parse(text);
  return `.${specifier.slice(name.length)}` in (manifest.exports ?? {});
}
