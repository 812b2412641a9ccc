/**
 * Suites that take long and are about what changes seldom: `npm test` leaves them to CI, and names them as skipped. Each runs
 * when it is named: `npm test test/foreign`.
 */
export const longSuites = [
  "test/asking/amend.test.ts",
  "test/bench/bench.test.ts",
  "test/bpf/many-supervisors.test.ts",
  "test/consequence/techniques.test.ts",
  "test/demo/demo.test.ts",
  "test/examples/agent-shell.test.ts",
  "test/examples/node-ci.test.ts",
  "test/examples/redis-canister.test.ts",
  "test/faults/full-disk.test.ts",
  "test/faults/learning-killed.test.ts",
  "test/foreign/busy.test.ts",
  "test/foreign/stress.test.ts",
  "test/html/pages.test.ts",
  "test/reproducibility/reproducibility.test.ts",
  "test/sharp/sharp.test.ts",
  "test/toolchains/built.test.ts",
  "test/toolchains/second-build.test.ts",
  "test/tooling/checks.test.ts",
  "test/tooling/closing-line.test.ts",
  "test/tooling/plain-words.test.ts",
];
