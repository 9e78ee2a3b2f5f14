import { defineConfig, type OxlintOverride } from "oxlint";
import { IMPURE_GLOBALS, IMPURE_MEMBERS, IMPURE_MODULES, type Layer, LAYERS } from "./tools/tidy/layers.ts";

const TEST_FILES = ["**/*.test.ts", "**/*.bench.ts", "**/test/**", "**/fuzz/**", "**/sim/**"];
const ALL_THIRD_PARTY = [...new Set(LAYERS.flatMap(({ thirdParty }) => thirdParty))];

/** Restrictions of one member of the workspace, out of the table that tidy uses too. */
function layerOverride(layer: Layer): OxlintOverride {
  const siblings = LAYERS.map(({ name }) => name).filter((name) => !layer.workspace.includes(name));
  const libraries = ALL_THIRD_PARTY.filter((name) => !layer.thirdParty.includes(name));
  const patterns = [
    {
      group: siblings.flatMap((name) => [name, `${name}/*`]),
      message: "The dependency arrow does not point there.",
    },
    {
      group: libraries.flatMap((name) => [name, `${name}/*`]),
      message: "This library is wrapped once, elsewhere.",
    },
    ...(layer.pure
      ? [
          {
            group: IMPURE_MODULES.flatMap((name) => [name, `node:${name}`, `node:${name}/*`]),
            message: "Pure packages do no IO.",
          },
        ]
      : []),
  ];
  return {
    files: [`${layer.folder}/**/*.ts`],
    excludeFiles: TEST_FILES,
    rules: {
      "no-restricted-imports": ["error", { patterns }],
      ...(layer.pure
        ? {
            "no-console": "error",
            "no-restricted-globals": [
              "error",
              ...IMPURE_GLOBALS.map((name) => ({
                name,
                message: "Pure packages get time and IO as arguments.",
              })),
            ],
            "no-restricted-properties": [
              "error",
              ...IMPURE_MEMBERS.map(([object, property]) => ({ object, property, message: "Pass it in." })),
            ],
          }
        : {}),
    },
  };
}

export default defineConfig({
  plugins: ["typescript", "unicorn", "oxc", "import", "promise", "vitest", "node"],
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["**/dist/**", "**/testdata/**", "benchmarks/bin/**"],
  rules: {
    eqeqeq: ["error", "always", { null: "ignore" }],
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "import/no-self-import": "error",
    "max-lines": ["error", { max: 600 }],
    "max-lines-per-function": ["error", { max: 70 }],
    "no-useless-return": "error",
    "no-var": "error",
    "prefer-const": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/only-throw-error": ["error", { allowRethrowing: true, allowThrowingUnknown: true }],
    "typescript/prefer-promise-reject-errors": ["error", { allowThrowingUnknown: true }],
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect*", "assert*", "check*", "fc.assert"] }],
    "vitest/no-disabled-tests": "error",
    "vitest/no-focused-tests": "error",
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    // Judged noise here: the compiler covers the first, the others forbid honest code.
    "typescript/consistent-return": "off",
    "typescript/no-unsafe-type-assertion": "off",
    "import/no-named-as-default-member": "off",
    "no-underscore-dangle": "off",
    "promise/always-return": "off",
    "unicorn/consistent-function-scoping": "off",
    // A copy made before a loop that removes from the original is not useless.
    "unicorn/no-useless-spread": "off",
    "vitest/no-conditional-expect": "off",
  },
  overrides: [
    ...LAYERS.map(layerOverride),
    { files: TEST_FILES, rules: { "max-lines-per-function": "off" } },
    { files: ["*.config.ts"], rules: { "import/no-default-export": "off" } },
    // k6 runs a script's default export.
    { files: ["benchmarks/load/**/*.ts"], rules: { "import/no-default-export": "off" } },
  ],
});
