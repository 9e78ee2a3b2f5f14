export { createModelVersionMap, type ModelVersionMapOptions, type VersionFlaw } from "./model-version-map.ts";
export { createSeededRandom, type SeededRandom } from "./seeded-random.ts";
export {
  createTestAuthority,
  makeTestCertificates,
  type TestAuthority,
  type TestCertificate,
  type TestCertificateFiles,
  type TestCertificateOptions,
} from "./test-certificates.ts";
export { takeSeed } from "./test-seed.ts";
