import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildBundle, type BuiltBundle } from "./build/bundle.ts";
import { formatLicences } from "./build/licences.ts";

// `pnpm build`: one file for each program, which runs with nothing but Node beside it, and the licences of what is in them.
const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

const BUNDLES = [
  { entry: "apps/edge/src/main.ts", name: "rockpool-edge.mjs" },
  { entry: "apps/origin/src/main.ts", name: "rockpool-origin.mjs" },
  { entry: "apps/cli/src/main.ts", name: "rockpool.mjs" },
] as const;

rmSync(dist, { recursive: true, force: true });
const built: BuiltBundle[] = [];
for (const { entry, name } of BUNDLES) {
  const bundle = await buildBundle(root, entry, join(dist, name));
  chmodSync(bundle.file, 0o755);
  process.stdout.write(
    `dist/${name}  ${Math.round(bundle.bytes / 1024)} KiB, ${bundle.packages.length} packages\n`,
  );
  built.push(bundle);
}
const licences = formatLicences(built.flatMap(({ packages }) => packages));
writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), licences);
process.stdout.write("dist/THIRD-PARTY-LICENSES.txt\n");
