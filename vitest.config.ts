import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { longSuites } from "./tools/long-suites.mjs";

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));
/** A part of the core that has a path of its own: a folder, or one of two files. */
const part = (path: string) => fileURLToPath(new URL(`./packages/core/src/${path}`, import.meta.url));
const attest = (path: string) => fileURLToPath(new URL(`./packages/attest/src/${path}`, import.meta.url));
const log = (path: string) => fileURLToPath(new URL(`./packages/log/src/${path}`, import.meta.url));

/** Set by `npm test` where nothing is named and CI is not there. */
const left = process.env["ISOLINE_LEAVE_LONG"] === undefined ? [] : longSuites;

/** Takes longest, whatever else there is. */
const MACHINES = "test/vm/machines.test.ts";

/** The virtual machines first, and the rest beside them: long suites last, in the order of their list. */
class MachinesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      moduleId.endsWith(MACHINES) ? -2 : longSuites.findIndex((path) => moduleId.endsWith(`/${path}`));
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

/** Unit tests that replace modules: what these load is not to be there before other tests, nor what those load before them. */
const replacing = ["packages/isoline/src/{agent/crews,namespace/seat,register/recorder-threads}.test.ts"];

/** Tests that start no workload, and need neither root nor a build. They change nothing of their process, and share two. */
const unit = {
  isolate: false,
  include: [
    "packages/*/src/**/*.test.ts",
    "test/{architecture,calls,engine}/*.test.ts",
    "test/faults/decoders.test.ts",
    "test/integrity/{appraise,audit,lists,policy,templates}.test.ts",
    "test/landlock/superset.test.ts",
    "test/lens/documented.test.ts",
    "test/spec/iso1.test.ts",
    "test/vm/results.test.ts",
  ],
  exclude: [...configDefaults.exclude, ...replacing],
};

export const unitProjects = [
  { extends: true as const, test: { name: "unit", ...unit } },
  { extends: true as const, test: { name: "replacing", include: replacing } },
];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@isoline\/core\/(bounded|digest|error|loopback)$/, replacement: part("$1.ts") },
      { find: /^@isoline\/core\/(\w+)$/, replacement: part("$1/index.ts") },
      { find: /^@isoline\/core$/, replacement: source("core") },
      { find: /^@isoline\/attest\/error$/, replacement: attest("error.ts") },
      { find: /^@isoline\/attest\/(\w+)$/, replacement: attest("$1/index.ts") },
      { find: /^@isoline\/log\/error$/, replacement: log("error.ts") },
      { find: /^@isoline\/log\/(\w+)$/, replacement: log("$1/index.ts") },
      { find: /^@isoline\/verifier$/, replacement: source("verifier") },
      { find: /^@isoline\/linux$/, replacement: source("linux") },
    ],
  },
  test: {
    // A starved machine may take minutes for what is right; what is wrong is told by the test, not by its time.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    // What was expected and what came is told whole: a failure that CI saw once may not come again.
    chaiConfig: { truncateThreshold: 0 },
    pool: "forks",
    // Two at a time: more would make those wait that watch processes of their own.
    maxWorkers: 2,
    sequence: { sequencer: MachinesFirst },
    runner: "./tools/time-left.mjs",
    reporters: ["default"],
    projects: [
      ...unitProjects,
      {
        extends: true,
        test: {
          name: "workloads",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...unit.include, ...left],
        },
      },
    ],
  },
});
