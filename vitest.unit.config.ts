import { defineConfig } from "vitest/config";
import whole from "./vitest.config.ts";

/** `npm run test:unit` and `npm run test:watch`: tests that start no workload, and need neither root nor a build. */
export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
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
  },
});
