import { readFileSync } from "node:fs";
import { PrismaPlanetScale } from "@prisma/adapter-planetscale";
import { type GetPrismaClientConfig, getPrismaClient } from "@prisma/client/runtime/client";
import type { Row } from "./sql-contract.ts";

/** The queries of one model that the suite uses. */
export interface PrismaModel {
  create(args: object): Promise<Row>;
  createMany(args: object): Promise<{ readonly count: number }>;
  findUnique(args: object): Promise<Row | null>;
  findMany(args?: object): Promise<Row[]>;
  update(args: object): Promise<Row>;
  updateMany(args: object): Promise<{ readonly count: number }>;
  upsert(args: object): Promise<Row>;
  delete(args: object): Promise<Row>;
  deleteMany(args?: object): Promise<{ readonly count: number }>;
  count(args?: object): Promise<number>;
  groupBy(args: object): Promise<Row[]>;
}

/** What is reached outside and inside a transaction. */
export interface PrismaQueries {
  readonly person: PrismaModel;
  readonly note: PrismaModel;
  readonly absent: PrismaModel;
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Row[]>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

/** Options of an interactive transaction. */
export interface PrismaTransactionOptions {
  readonly isolationLevel?: "ReadCommitted" | "RepeatableRead";
  readonly timeout?: number;
}

/** A Prisma Client for `testdata/prisma-schema.prisma`. */
export interface PrismaSession extends PrismaQueries {
  $transaction<Result>(
    work: (tx: PrismaQueries) => Promise<Result>,
    options?: PrismaTransactionOptions,
  ): Promise<Result>;
  $transaction(work: readonly Promise<unknown>[]): Promise<unknown[]>;
  $disconnect(): Promise<void>;
}

// Of a library of types that this workspace does not load.
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => unknown };

type CompilerLoading = NonNullable<GetPrismaClientConfig["compilerWasm"]>;

/** The package declares no types for these files. */
const COMPILER: string = "@prisma/client/runtime/query_compiler_fast_bg.mysql";
const MODEL = new URL("./testdata/prisma-model.json", import.meta.url);

/**
 * Makes a client of the real runtime, query compiler and adapter. The configuration is what `prisma generate` writes
 * about the schema (testdata/prisma-model.json; the package's README tells how), so that the CLI need not be installed.
 */
export function openPrisma(url: string): PrismaSession {
  const Client = getPrismaClient({
    ...(JSON.parse(readFileSync(MODEL, "utf8")) as GetPrismaClientConfig),
    previewFeatures: [],
    activeProvider: "mysql",
    compilerWasm: {
      getRuntime: () => import(`${COMPILER}.mjs`) as ReturnType<CompilerLoading["getRuntime"]>,
      async getQueryCompilerWasmModule() {
        const { wasm } = (await import(`${COMPILER}.wasm-base64.mjs`)) as { wasm: string };
        return new WebAssembly.Module(Buffer.from(wasm, "base64"));
      },
      importName: "./query_compiler_fast_bg.js",
    },
  });
  // The models' methods come from a proxy; generated code would declare them.
  return new Client({
    adapter: new PrismaPlanetScale({ url }),
    errorFormat: "minimal",
  }) as unknown as PrismaSession;
}
