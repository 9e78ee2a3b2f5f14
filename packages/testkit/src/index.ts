export { createModelVersionMap, type ModelVersionMapOptions, type VersionFlaw } from "./model-version-map.ts";
export { createSeededRandom, type SeededRandom } from "./seeded-random.ts";
export { takeSeed } from "./test-seed.ts";
