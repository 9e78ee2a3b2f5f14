import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type EdgeConfig, loadEdgeConfig, loadOriginConfig, type OriginConfig } from "@rockpool/config";
import { describe, expect, test } from "vitest";
import {
  at,
  type Deployment,
  INFRA,
  listArtifacts,
  listDeployments,
  parseDocuments,
  readArtifact,
  readCompose,
} from "./deployments.ts";

// Goal: nothing in infra/ names a setting that does not exist, is malformed, or contradicts what the programs do.

const ROOT = join(INFRA, "..");
const CONTENTS: readonly (readonly [RegExp, string])[] = [
  [/key\.pem$|tls\.key$/, "-----BEGIN PRIVATE KEY-----"],
  [/\.pem$|tls\.crt$/, "-----BEGIN CERTIFICATE-----"],
  [/logins\.json$/, '[{"name":"web","password":"correct horse battery","database":"app"}]'],
  [/shared-secret$/, "0123456789abcdef0123456789abcdeX\n"],
  [/database-password$/, "a-database-password\n"],
];

/** What the deployment guide has put where the artifacts look for it. */
function readFile(name: string): string {
  const content = CONTENTS.find(([pattern]) => pattern.test(name));
  if (content === undefined) throw Object.assign(new Error(name), { code: "ENOENT" });
  return content[1];
}

function load({ program, env, file }: Deployment): EdgeConfig | OriginConfig {
  const sources = { env, file, readFile };
  return program === "edge" ? loadEdgeConfig(sources) : loadOriginConfig(sources);
}

describe("settings", () => {
  const known = new Set(readFileSync(join(ROOT, "docs/operations/config.md"), "utf8").match(/ROCKPOOL_\w+/g));

  test.each(listArtifacts().filter((path) => /ROCKPOOL_[A-Z]/.test(readArtifact(path))))(
    "%s names none that does not exist",
    (path) => {
      const names = readArtifact(path).match(/ROCKPOOL_\w+/g) ?? [];
      expect(names.filter((name) => !known.has(name) && !known.has(name.replace(/_FILE$/, "")))).toEqual([]);
    },
  );

  test.each(listDeployments().map((deployment) => [deployment.artifact, deployment] as const))(
    "%s starts with its environment",
    (_, deployment) => {
      const { log } = load(deployment);
      expect(log.level).toBe("info");
    },
  );

  test.each(listDeployments().map((deployment) => [deployment.artifact, deployment] as const))(
    "%s leaves time for the drain",
    (_, deployment) => {
      const { delayMs, drainMaxMs } = load(deployment).shutdown;
      expect(deployment.stopMaxSeconds * 1000).toBeGreaterThan(delayMs + drainMaxMs + 2_000);
    },
  );

  test.each(
    listDeployments().flatMap((deployment) =>
      deployment.program === "edge" ? [[deployment.artifact, deployment] as const] : [],
    ),
  )("%s gives V8 three times the cache, and the process both", (_, deployment) => {
    const { cache } = load(deployment) as EdgeConfig; // only edges are in the table
    const heapMib = Number(/--max-old-space-size=(\d+)/.exec(deployment.env["NODE_OPTIONS"] ?? "")?.[1]);
    const cacheMib = cache.sizeMaxBytes / 2 ** 20;
    expect(heapMib).toBeGreaterThanOrEqual(3 * cacheMib);
    expect(deployment.memoryMib ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(heapMib + cacheMib + 160);
  });

  test("a certificate that is missing is found by the same check", () => {
    const [deployment] = listDeployments().filter(({ artifact }) => artifact.includes("origin.service"));
    expect(deployment).toBeDefined();
    const env = { ...deployment?.env, ROCKPOOL_LISTEN_BACKHAUL_TLS_CERT_FILE: "/elsewhere/cert" };
    expect(() => loadOriginConfig({ env, file: deployment?.file, readFile })).toThrow("does not exist");
  });
});

test.each(listArtifacts().filter((path) => path.endsWith(".yaml")))("%s is well-formed YAML", (path) => {
  const documents = parseDocuments(readArtifact(path));
  expect(documents.length).toBeGreaterThan(0);
  for (const document of documents) expect(document).toBeTypeOf("object");
});

test("fly.toml holds nothing but sections, settings and comments", () => {
  const lines = readArtifact("fly/fly.toml").split("\n");
  const value = String.raw`("[^"]*"|'[^']*'|\d+|true|false)`;
  const shape = new RegExp(String.raw`^(#.*|\[\[?[\w.]+\]\]?|[\w-]+ = ${value}|)$`);
  expect(lines.filter((line) => !shape.test(line))).toEqual([]);
});

describe("Dockerfile", () => {
  const text = readArtifact("docker/Dockerfile");
  const stages = new Map(
    text
      .split(/^(?=FROM )/m)
      .slice(1)
      .map((stage) => [/ AS (\w+)$/m.exec(stage)?.[1] ?? "", stage] as const),
  );

  test("has a target for each program, and builds each bundle once", () => {
    expect([...stages.keys()]).toEqual(["build", "runtime", "edge", "origin", "cli"]);
    const bundles = { edge: "rockpool-edge.mjs", origin: "rockpool-origin.mjs", cli: "rockpool.mjs" };
    for (const [target, bundle] of Object.entries(bundles)) {
      expect(stages.get(target)).toContain(
        `COPY --from=build /src/dist/${bundle} /src/dist/THIRD-PARTY-LICENSES.txt ./\n`,
      );
      expect(stages.get(target)).toContain(`ENTRYPOINT ["node", "/app/${bundle}"]`);
      expect(stages.get(target)).toMatch(/^FROM runtime AS/);
    }
    expect(stages.get("runtime")).toMatch(/^USER node$/m);
    expect(stages.get("runtime")).toMatch(/^STOPSIGNAL SIGTERM$/m);
  });

  test("copies only what there is, and no command goes through a shell", () => {
    const copied = Array.from(text.matchAll(/^COPY (?!--from)(.+) \S+$/gm), (match) =>
      (match[1] ?? "").split(" "),
    );
    expect(copied.flat().filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
    const commands = text.match(/^\s*(RUN|CMD|ENTRYPOINT) .*$/gm) ?? [];
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((line) => !/^\s*\w+ \[/.test(line))).toEqual([]);
    for (const line of commands) expect(() => JSON.parse(line.trim().replace(/^\w+ /, ""))).not.toThrow();
  });

  test("names the Node and the pnpm of the workspace", () => {
    const node = /^nodeVersion: (\S+)$/m.exec(readFileSync(join(ROOT, "pnpm-workspace.yaml"), "utf8"))?.[1];
    const { packageManager }: { packageManager: string } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    );
    expect(text).toContain(`ARG NODE_IMAGE=node:${node}-bookworm-slim\n`);
    const managers = text.match(/pnpm@[\d.]+/g) ?? [];
    expect(new Set(managers)).toEqual(new Set([packageManager]));
  });

  test.each(["edge", "origin"])("%s: the health check tells a live door from none", async (target) => {
    const command: string[] = JSON.parse(/^\s+CMD (\[.*\])$/m.exec(stages.get(target) ?? "")?.[1] ?? "[]");
    const door = createServer((request, response) => {
      response.statusCode = request.url === "/livez" ? 200 : 404;
      response.end();
    });
    const port = await new Promise<number>((resolve) => {
      // A TCP listener's address.
      door.listen(0, "127.0.0.1", () => resolve((door.address() as AddressInfo).port));
    });
    expect(await run(command, port)).toBe(0);
    door.close();
    door.closeAllConnections();
    expect(await run(command, port)).toBe(1);
  });
});

/** The exit code of a health check beside an admin door on `port`. */
function run([, ...args]: readonly string[], port: number): Promise<number | null> {
  const child = spawn(process.execPath, args, { env: { ROCKPOOL_LISTEN_ADMIN_PORT: String(port) } });
  return new Promise((resolve) => child.once("exit", resolve));
}

describe("compose", () => {
  const compose = readCompose();
  const services = Object.entries(at(compose, "services") as object); // the file has services

  test("publishes edges and nothing else", () => {
    const published = services
      .filter(([, service]) => at(service, "ports") !== undefined)
      .map(([name]) => name);
    expect(published).toEqual(["edge-1", "edge-2"]);
    for (const [name, service] of services) {
      const outside = (at(service, "networks") as string[]).filter(
        (network) => at(compose, "networks", network, "internal") !== true,
      );
      expect(outside).toEqual(name.startsWith("edge") ? ["clients"] : []);
    }
  });

  test("waits only for what has a health check, and declares every secret as a file", () => {
    for (const [, service] of services) {
      for (const [other, how] of Object.entries(at(service, "depends_on") ?? {})) {
        expect(at(how, "condition")).toBe("service_healthy");
        expect(at(compose, "services", other, "healthcheck", "test")).toBeDefined();
      }
      for (const secret of at(service, "secrets") as string[]) {
        expect(at(compose, "secrets", secret, "file")).toBe(`./secrets/${secret}`);
      }
    }
  });

  test("builds each program from its own target", () => {
    for (const [name, service] of services) {
      const target = at(service, "build", "target");
      expect(target).toBe(name === "database" ? undefined : name.replace(/-\d$/, ""));
    }
  });
});

describe.each([
  ["edge", "deployment", "/readyz"],
  ["origin", "stateful-set", "/livez"],
])("kubernetes %s", (program, file, readyPath) => {
  const [workload] = parseDocuments(readArtifact(`kubernetes/${program}/base/${file}.yaml`));
  const pod = at(workload, "spec", "template", "spec");
  const container = at(pod, "containers", 0);

  test("asks the admin door", () => {
    expect(at(container, "startupProbe", "httpGet")).toEqual({ path: "/livez", port: "admin" });
    expect(at(container, "livenessProbe", "httpGet")).toEqual({ path: "/livez", port: "admin" });
    expect(at(container, "readinessProbe", "httpGet")).toEqual({ path: readyPath, port: "admin" });
  });

  test("has limits, no rights and no token", () => {
    expect(at(container, "resources", "limits", "memory")).toBeDefined();
    expect(at(container, "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(at(pod, "securityContext", "runAsNonRoot")).toBe(true);
    expect(at(pod, "automountServiceAccountToken")).toBe(false);
    expect(at(pod, "enableServiceLinks")).toBe(false);
  });

  test("one origin, and a number of edges that only the autoscaler sets", () => {
    expect(at(workload, "spec", "replicas")).toBe(program === "origin" ? 1 : undefined);
  });
});

test("units restart everything but a wrong configuration, and say why one protection is missing", () => {
  for (const unit of ["systemd/rockpool-edge@.service", "systemd/rockpool-origin.service"]) {
    const text = readArtifact(unit);
    expect(text).toMatch(/^RestartPreventExitStatus=78$/m);
    expect(text).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=/m);
    expect(text).toContain("MemoryDenyWriteExecute is missing on purpose");
  }
});

describe("runbook", () => {
  const text = readFileSync(join(ROOT, "docs/operations/runbook.md"), "utf8");
  const anchors = new Set(
    Array.from(
      text.matchAll(/^#+ (.+)$/gm),
      (match) => `#${(match[1] ?? "").toLowerCase().replaceAll(" ", "-")}`,
    ),
  );

  test("has a section for every alert, and every link to a section leads to one", () => {
    const alerts = readArtifact("prometheus/rules.yaml").match(/runbook\.md#\S+/g) ?? [];
    expect(alerts.length).toBeGreaterThan(10);
    const links = Array.from(text.matchAll(/\]\((#[^)]+)\)/g), (match) => match[1] ?? "");
    const wanted = [...alerts.map((alert) => alert.slice(alert.indexOf("#"))), ...links];
    expect(wanted.filter((anchor) => !anchors.has(anchor))).toEqual([]);
  });

  test("explains every error that is not the client's own", () => {
    const rows = readFileSync(join(ROOT, "docs/errors.md"), "utf8").matchAll(
      /^\| `([\w-]+)` \|.*\| (\w+) \| [\w-]+ \| [^|]*\|$/gm,
    );
    const codes = Array.from(rows, ([, code, source]) => (source === "client" ? "" : (code ?? ""))).filter(
      Boolean,
    );
    expect(codes.length).toBeGreaterThan(10);
    expect(codes.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
  });
});
