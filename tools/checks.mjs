import { installed, repository, run } from "./run.mjs";

const judge = (/** @type {string} */ what) => [process.execPath, `${repository}/tools/judge.mjs`, what];

/**
 * Every check of the sources, one command each. A command judges the tree it is started in, so that a test can run it in a
 * small wrong tree and see it report the mistake.
 *
 * @type {readonly { name: string, command: readonly string[], remedy: string }[]}
 */
export const checks = [
  { name: "format", command: [installed("biome"), "format", "."], remedy: "npm run format" },
  { name: "lint", command: [installed("oxlint"), "--type-aware", "--deny-warnings"], remedy: "npm run lint" },
  { name: "types", command: judge("types"), remedy: "npx tsc -p tsconfig.check.json, or -p packages/dashboard" },
  { name: "layers", command: judge("layers"), remedy: "the table in tools/layers.mjs" },
  { name: "manners", command: judge("manners"), remedy: "CONTRIBUTING.md" },
  { name: "dead-code", command: [installed("knip"), "--no-progress", "--no-config-hints"], remedy: "npx knip" },
  { name: "dependencies", command: judge("dependencies"), remedy: "docs/dependencies.md" },
  { name: "error-page", command: judge("error-page"), remedy: "npm run docs" },
  { name: "api-page", command: judge("api-page"), remedy: "npm run docs" },
  { name: "command-page", command: judge("command-page"), remedy: "npm run docs" },
  { name: "documents", command: judge("documents"), remedy: "the line it names" },
  { name: "plain-words", command: judge("plain-words"), remedy: "the line it names" },
];

/** @param {string} name @param {string} [cwd] the tree to judge */
export function check(name, cwd = repository) {
  const found = checks.find((candidate) => candidate.name === name);
  if (found === undefined)
    throw new Error(`no check "${name}"; there are: ${checks.map((candidate) => candidate.name).join(", ")}`);
  return run(found.command, { cwd, limitSeconds: 180 });
}

/**
 * Runs checks of the repository, two at a time, since most of them use one processor; gives them in the same order.
 *
 * @param {typeof checks} which
 */
export async function* checked(which) {
  /** @type {ReturnType<typeof check>[]} */
  const outcomes = [];
  for (const { name } of which) outcomes.push(Promise.resolve(outcomes.at(-2)).then(() => check(name)));
  for (const [index, { name, remedy }] of which.entries())
    yield { name, remedy, outcome: await /** @type {ReturnType<typeof check>} */ (outcomes[index]) };
}
