import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { at, INFRA, parseDocuments, readArtifact, type Yaml } from "./deployments.ts";
import { findProgram, provideProgram } from "./provide-program.ts";

// Goal: systemd and kustomize themselves accept what infra/ gives them.

const folder = mkdtempSync(join(tmpdir(), "rockpool-infra-"));
afterAll(() => rmSync(folder, { recursive: true }));

function runTool(program: string, ...args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    cwd: folder,
    timeout: 60_000,
  });
  return { status, text: `${stdout}${stderr}` };
}

describe("systemd", () => {
  const analyze = () => provideProgram("systemd-analyze", "systemd");

  // The instance of the template has a name of its own, as the system would give it.
  test.each([
    ["rockpool-origin.service", "rockpool-origin.service"],
    ["rockpool-edge@.service", "rockpool-edge@9090.service"],
  ])("%s is valid and exposes little", (file, unit) => {
    const bundle = join(folder, "bundle.mjs");
    writeFileSync(bundle, "");
    const text = readArtifact(`systemd/${file}`)
      .replace("/usr/bin/node", process.execPath)
      .replace(/\/opt\/rockpool\/[\w.-]+/, bundle);
    const path = join(folder, unit);
    writeFileSync(path, text);

    const verified = runTool(analyze(), "verify", "--man=no", path);
    expect(verified.text.split("\n").filter((line) => line.includes("rockpool"))).toEqual([]);
    expect(verified.status).toBe(0);

    // Tenths: 1.5 of 10. What is left is being a network service at all.
    const judged = runTool(analyze(), "security", "--offline=true", "--threshold=15", "--no-pager", path);
    expect(judged.text).toMatch(/Overall exposure level for \S+: 1\.\d OK/);
    expect(judged.status, judged.text).toBe(0);
  });

  test("the account is one that systemd-sysusers makes", () => {
    const root = join(folder, "root");
    mkdirSync(join(root, "etc"), { recursive: true });
    const program = findProgram("systemd-sysusers") ?? provideProgram("systemd-sysusers", "systemd");
    const made = runTool(
      program,
      "--dry-run",
      `--root=${root}`,
      join(INFRA, "systemd/rockpool.sysusers.conf"),
    );
    expect(made.text).toMatch(/Creating user 'rockpool'/);
  });
});

describe("kustomize", () => {
  const overlays = [
    ["kubernetes/edge/overlays/eu", "Deployment"],
    ["kubernetes/edge/overlays/us", "Deployment"],
    ["kubernetes/origin/overlays/production", "StatefulSet"],
  ] as const;

  test.each(overlays)("%s builds, and every reference leads somewhere", (overlay, kind) => {
    const kubectl = findProgram("kubectl");
    if (kubectl === null) {
      // Debian's own kubectl is too old for components, and no other way to get one is allowed for here.
      process.stderr.write(
        `NOT CHECKED: ${overlay}: kubectl is not installed; the fast tests read its files only\n`,
      );
      expect(readArtifact(`${overlay}/kustomization.yaml`)).toContain("resources:");
      return;
    }
    const documents = build(kubectl, overlay);
    const workload = documents.find((document) => document["kind"] === kind);
    const pod = at(workload, "spec", "template", "spec");
    const labels = at(workload, "spec", "template", "metadata", "labels");
    const namesOf = (wanted: string) =>
      documents
        .filter((document) => document["kind"] === wanted)
        .map((found) => at(found, "metadata", "name"));

    expect(namesOf("ConfigMap")).toEqual([at(pod, "containers", 0, "envFrom", 0, "configMapRef", "name")]);
    expect(namesOf("Secret")).toEqual([at(pod, "volumes", 0, "secret", "secretName")]);
    expect(at(pod, "containers", 0, "image")).toMatch(/^registry\.example\.com\/rockpool-\w+:\d/);
    for (const selector of selectorsOf(documents)) expect(labels).toMatchObject(selector);
    const ports = at(pod, "containers", 0, "ports") as { name: string }[]; // every workload of ours names some
    const named = JSON.stringify(documents).match(/"(?:targetPort|port)":"\w+"/g) ?? [];
    for (const reference of named) expect(ports.map(({ name }) => name)).toContain(reference.split('"')[3]);
  });
});

function build(kubectl: string, overlay: string): Yaml[] {
  const copy = join(folder, "kubernetes");
  cpSync(join(INFRA, "kubernetes"), copy, { recursive: true });
  const place = join(folder, overlay);
  const files = /^\s+- (secrets\/\S+)$/gm;
  mkdirSync(join(place, "secrets"), { recursive: true });
  for (const [, name] of readArtifact(`${overlay}/kustomization.yaml`).matchAll(files)) {
    writeFileSync(join(place, name ?? ""), "not a secret\n");
  }
  const built = spawnSync(kubectl, ["kustomize", place], { encoding: "utf8", timeout: 60_000 });
  expect(built.stderr).toBe("");
  return parseDocuments(built.stdout);
}

/** Everything that picks pods by their labels. */
function selectorsOf(documents: readonly Yaml[]): object[] {
  return documents.flatMap((document) => {
    const spec = document["spec"];
    const found = [
      at(spec, "selector", "matchLabels"),
      document["kind"] === "Service" ? at(spec, "selector") : undefined,
      at(spec, "podSelector", "matchLabels"),
    ];
    return found.filter((selector) => typeof selector === "object" && selector !== null);
  });
}
