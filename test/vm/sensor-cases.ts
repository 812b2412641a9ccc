/** The cases of the seccomp sensor, packed for a machine (`packed-cases.ts`), where the bpf sensor runs them. */
export { matches, runCases, slug, withHighNumbers } from "../sensor/case.ts";
export { all } from "../sensor/cases/all.ts";
export { hookCases } from "./hook-cases.ts";
export { attemptsOf, refuse } from "./refused-cases.ts";
