import { listImports, packageOf } from "./imports.ts";
import { isTestFile, type Layer, LAYERS, layerOf } from "./layers.ts";
import { type Finding, type ProjectFiles, type Rule, typescriptFiles } from "./project.ts";

/** The part of a package.json that the rules read. */
interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Sources and manifests follow the arrows of `LAYERS`; shared versions come from the catalogue. */
export const layersRule: Rule = {
  name: "layers",
  *check(files) {
    yield* checkMembers(files);
    for (const layer of LAYERS) yield* checkManifest(layer, files);
    for (const file of typescriptFiles(files)) {
      const layer = layerOf(file.path);
      if (layer === null || isTestFile(file.path)) continue;
      for (const { line, specifier } of listImports(file)) {
        const problem = problemOf(layer, packageOf(specifier));
        if (problem !== null) yield { path: file.path, line, message: problem };
      }
    }
  },
};

/** Every member of the workspace is in the table: a new one must choose its layer. */
function* checkMembers(files: ProjectFiles): Iterable<Finding> {
  for (const path of files.keys()) {
    if (!/^(packages|apps)\/[^/]+\/package\.json$/.test(path) || layerOf(path) !== null) continue;
    yield { path, line: 0, message: "is not in the table of layers (tools/tidy/layers.ts)" };
  }
}

function* checkManifest(layer: Layer, files: ProjectFiles): Iterable<Finding> {
  const path = `${layer.folder}/package.json`;
  const text = files.get(path)?.text;
  if (text === undefined) return;
  const manifest: Manifest = JSON.parse(text);
  if (manifest.name !== layer.name)
    yield { path, line: 0, message: `is named ${manifest.name}, not ${layer.name}` };
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const problem = problemOf(layer, name);
    if (problem !== null) yield { path, line: 0, message: problem };
  }
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    const wanted = name.startsWith("@rockpool/") ? "workspace:*" : "catalog:";
    if (version !== wanted) yield { path, line: 0, message: `${name} must be "${wanted}", not "${version}"` };
  }
}

function problemOf(layer: Layer, name: string | null): string | null {
  if (name === null || name === layer.name) return null;
  if (name.startsWith("@rockpool/")) {
    return layer.workspace.includes(name) ? null : `${layer.name} must not depend on ${name}`;
  }
  return layer.thirdParty.includes(name) || isBuiltin(name)
    ? null
    : `${layer.name} must not use the library ${name}`;
}

/** Builtins without their prefix are a matter of style, left to the linter. */
function isBuiltin(name: string): boolean {
  return process.getBuiltinModule(name) !== undefined;
}
