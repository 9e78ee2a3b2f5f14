import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** The folder of all artifacts. */
export const INFRA = join(import.meta.dirname, "..");

/** One program as some artifact starts it. */
export interface Deployment {
  readonly artifact: string;
  readonly program: "edge" | "origin";
  readonly env: Readonly<Record<string, string>>;
  /** Text of its `--config` file, if it has one. */
  readonly file?: string;
  /** Time from the signal to SIGKILL. */
  readonly stopMaxSeconds: number;
  /** Memory limit of the whole process; null = the machine's. */
  readonly memoryMib: number | null;
}

/** A parsed YAML mapping. */
export type Yaml = { readonly [key: string]: unknown };

/** A file below infra/, as text. */
export function readArtifact(path: string): string {
  return readFileSync(join(INFRA, path), "utf8");
}

/** All files below infra/, as paths from there; folders that are not ours are left out. */
export function listArtifacts(folder = INFRA): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ["node_modules", "secrets", "test"].includes(entry.name) ? [] : listArtifacts(path);
    return [relative(INFRA, path)];
  });
}

/** Every document of a YAML text. Throws on anything that is not well-formed, duplicate keys included. */
export function parseDocuments(text: string): Yaml[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Yaml; // the artifacts' documents are all mappings
  });
}

/** A value inside parsed YAML; `undefined` where the path ends early. */
export function at(node: unknown, ...path: readonly (string | number)[]): unknown {
  let value = node;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step]; // any object may be asked for any key
  }
  return value;
}

/** The services of compose.yaml, with the values of .env.example filled in. */
export function readCompose(): Yaml {
  const settings = new Map(
    readArtifact("compose/.env.example")
      .split("\n")
      .flatMap((line) => {
        const match = /^(\w+)=(.*)$/.exec(line);
        return match === null ? [] : [[match[1] ?? "", match[2] ?? ""] as const];
      }),
  );
  const text = readArtifact("compose/compose.yaml").replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => settings.get(name) ?? fallback,
  );
  return parse(text, { merge: true }) as Yaml; // a compose file is a mapping
}

/** Everything infra/ starts. */
export function listDeployments(): Deployment[] {
  return [...composeDeployments(), ...systemdDeployments(), ...kubernetesDeployments(), flyDeployment()];
}

/** The variables an image sets by itself. */
function imageEnvironment(target: string): Record<string, string> {
  const stage = readArtifact("docker/Dockerfile")
    .split(/^FROM /m)
    .find((text) => text.includes(` AS ${target}\n`));
  return Object.fromEntries(
    Array.from((stage ?? "").matchAll(/^ENV (\w+)=(\S*)$/gm), (match) => [match[1] ?? "", match[2] ?? ""]),
  );
}

function composeDeployments(): Deployment[] {
  const services = at(readCompose(), "services");
  return (["edge-1", "edge-2", "origin"] as const).map((name) => {
    const program = name === "origin" ? "origin" : "edge";
    return {
      artifact: `compose ${name}`,
      program,
      env: { ...imageEnvironment(program), ...stringsOf(at(services, name, "environment")) },
      stopMaxSeconds: Number.parseInt(String(at(services, name, "stop_grace_period")), 10),
      memoryMib: mebibytes(at(services, name, "mem_limit")),
    };
  });
}

function systemdDeployments(): Deployment[] {
  return (["edge", "origin"] as const).map((program) => {
    const path = program === "edge" ? "systemd/rockpool-edge@.service" : "systemd/rockpool-origin.service";
    const unit = readArtifact(path).replaceAll("%i", "9090").replaceAll("%d", "/run/credentials");
    const settings = Array.from(unit.matchAll(/^Environment=(\w+)=(\S*)$/gm), (match) => [
      match[1],
      match[2],
    ]);
    return {
      artifact: path,
      program,
      env: Object.fromEntries(settings) as Record<string, string>, // both groups always match
      file: readArtifact(`systemd/${program}.example.yaml`),
      stopMaxSeconds: Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]),
      memoryMib: null,
    };
  });
}

function kubernetesDeployments(): Deployment[] {
  const overlays = [
    ["edge", "kubernetes/edge/overlays/eu", ["kubernetes/edge/base", "kubernetes/edge/components/tls"]],
    ["edge", "kubernetes/edge/overlays/us", ["kubernetes/edge/base", "kubernetes/edge/components/tls"]],
    ["origin", "kubernetes/origin/overlays/production", ["kubernetes/origin/base"]],
  ] as const;
  return overlays.map(([program, overlay, below]) => {
    const literals = [...below, overlay].flatMap((folder) => {
      const [kustomization] = parseDocuments(readArtifact(`${folder}/kustomization.yaml`));
      return at(kustomization, "configMapGenerator", 0, "literals") as string[]; // each of ours has some
    });
    const name = program === "edge" ? "deployment" : "stateful-set";
    const [workload] = parseDocuments(readArtifact(`kubernetes/${program}/base/${name}.yaml`));
    const pod = at(workload, "spec", "template", "spec");
    const settings = literals.map((line) => [
      line.slice(0, line.indexOf("=")),
      line.slice(line.indexOf("=") + 1),
    ]);
    return {
      artifact: overlay,
      program,
      env: { ...imageEnvironment(program), ...(Object.fromEntries(settings) as Record<string, string>) }, // pairs
      stopMaxSeconds: Number(at(pod, "terminationGracePeriodSeconds")),
      memoryMib: mebibytes(at(pod, "containers", 0, "resources", "limits", "memory")),
    };
  });
}

function flyDeployment(): Deployment {
  const text = readArtifact("fly/fly.toml");
  const section = text.slice(text.indexOf("\n[env]\n"), text.indexOf("\n[[vm]]\n"));
  const settings = Array.from(section.matchAll(/^(\w+) = (?:"([^"]*)"|'([^']*)')$/gm), (match) => [
    match[1],
    match[2] ?? match[3],
  ]);
  return {
    artifact: "fly/fly.toml",
    program: "edge",
    env: {
      ...imageEnvironment("edge"),
      ...(Object.fromEntries(settings) as Record<string, string>), // the name and one of two values always match
      // `fly secrets set` gives it.
      ROCKPOOL_ORIGIN_SHARED_SECRET: "0123456789abcdef0123456789abcdeX",
    },
    stopMaxSeconds: Number(/^kill_timeout = "(\d+)s"$/m.exec(text)?.[1]),
    memoryMib: mebibytes(/^memory = "(\w+)"$/m.exec(text)?.[1]),
  };
}

/** `1536m`, `1536Mi`, `1gb`: all of them powers of two. */
function mebibytes(text: unknown): number {
  const match = /^(\d+)([mg])/i.exec(String(text));
  return Number(match?.[1]) * (match?.[2]?.toLowerCase() === "g" ? 1024 : 1);
}

function stringsOf(node: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(node ?? {}).map(([name, value]) => [name, String(value)]));
}
