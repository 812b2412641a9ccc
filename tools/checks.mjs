import { installed, repository, run } from "./run.mjs";
import { contentOf, passedFor, rememberPassed } from "./unchanged.mjs";

const judge = (/** @type {string} */ what) => [process.execPath, `${repository}/tools/judge.mjs`, what];

/**
 * Every check of the sources, one command each. A command judges the tree it is started in, so that a test can run it in a
 * small wrong tree and see it report the mistake. One that `reads` only sources and documents is not run again for the same
 * content; what runs the built program, or takes less time than to look, has no such word.
 *
 * @type {readonly { name: string, command: readonly string[], remedy: string, reads?: "code" | "all" }[]}
 */
export const checks = [
  { name: "format", command: [installed("biome"), "format", "."], remedy: "npm run format", reads: "all" },
  {
    name: "lint",
    command: [installed("oxlint"), "--type-aware", "--deny-warnings"],
    remedy: "npm run lint",
    reads: "code",
  },
  {
    name: "types",
    command: judge("types"),
    remedy: "npx tsc -p tsconfig.check.json, or -p packages/dashboard",
    reads: "code",
  },
  { name: "layers", command: judge("layers"), remedy: "the table in tools/layers.mjs", reads: "all" },
  { name: "manners", command: judge("manners"), remedy: "CONTRIBUTING.md", reads: "all" },
  {
    name: "dead-code",
    command: [installed("knip"), "--no-progress", "--no-config-hints"],
    remedy: "npx knip",
    reads: "code",
  },
  { name: "dependencies", command: judge("dependencies"), remedy: "docs/dependencies.md" },
  { name: "error-page", command: judge("error-page"), remedy: "npm run docs" },
  { name: "api-page", command: judge("api-page"), remedy: "npm run docs" },
  { name: "command-page", command: judge("command-page"), remedy: "npm run docs" },
  { name: "documents", command: judge("documents"), remedy: "the line it names" },
  { name: "plain-words", command: judge("plain-words"), remedy: "the line it names", reads: "all" },
];

/**
 * Runs a check to its end, unless it passed before for the same content.
 *
 * @param {string} name @param {string} [cwd] the tree to judge
 * @param {ReturnType<typeof contentOf>} [content] of that tree, where the caller knows it
 * @returns {Promise<import("./run.mjs").Outcome & { note?: string }>}
 */
export async function check(name, cwd = repository, content = contentOf(cwd)) {
  const found = checks.find((candidate) => candidate.name === name);
  if (found === undefined)
    throw new Error(`no check "${name}"; there are: ${checks.map((candidate) => candidate.name).join(", ")}`);
  const { command, reads } = found;
  const before = reads && content?.[reads];
  if (before !== undefined && passedFor(cwd, name) === before)
    return { status: 0, output: "", seconds: 0, timedOut: false, note: "unchanged since it passed" };
  const outcome = await run(command, { cwd, limitSeconds: 180 });
  // What changed meanwhile was perhaps not judged, and what was skipped depends on more than the tree.
  const whole = outcome.status === 0 && !/^skipped: /m.test(outcome.output);
  if (reads && before !== undefined && whole && contentOf(cwd)?.[reads] === before) rememberPassed(cwd, name, before);
  return outcome;
}

/**
 * Runs checks of the repository, two at a time, since most of them use one processor; gives them in the same order.
 *
 * @param {typeof checks} which
 */
export async function* checked(which) {
  const content = contentOf(repository);
  /** @type {ReturnType<typeof check>[]} */
  const outcomes = [];
  for (const { name } of which)
    outcomes.push(Promise.resolve(outcomes.at(-2)).then(() => check(name, repository, content)));
  for (const [index, { name, remedy }] of which.entries())
    yield { name, remedy, outcome: await /** @type {ReturnType<typeof check>} */ (outcomes[index]) };
}
