/** Compares the results outside and inside, test by test. A difference is either expected and has a name, or it is a fault. */
import { insides } from "./workload.mjs";

/**
 * How each test ended, by its name: a word, and its message.
 *
 * @typedef {Map<string, { word: string, why: string }>} Tests
 * @typedef {{ tests: Tests, losses?: readonly string[] }} Result
 * @typedef {{ test: string, side: string, outside: string, inside: string, why: string, name: string | undefined }} Difference
 * @typedef {{ tests: number, failedOutside: number, skipped: number, differences: readonly Difference[], losses: readonly
 * string[] }} Comparison
 */

/**
 * Differences that are intended or unavoidable. A difference that matches none of these is a fault.
 *
 * @type {readonly { name: string, reason: string, matches: (part: string, difference: Omit<Difference, "name">) => boolean }[]}
 */
export const namedDifferences = [
  {
    name: "interrupted",
    reason:
      "A signal whose handler lacks SA_RESTART arrives after a call has begun and before the supervisor has received it. The call fails with EINTR; without a supervisor it would not have waited. No seccomp supervisor can avoid this; see below.",
    matches: (_, { why }) => /Interrupted system call|Errno 4\]|EINTR/.test(why),
  },
  {
    name: "io-uring",
    reason:
      "io_uring bypasses every system call filter, so it is refused as if the kernel did not have it (ENOSYS), and recorded.",
    matches: (part, { outside, inside }) => part === "io-uring" && (outside === "passed" || inside === "said"),
  },
  {
    name: "no-new-privs",
    reason:
      "For an ordinary user the filter needs no_new_privs, which also allows the workload to install filters: tests that were skipped outside for lack of CAP_SYS_ADMIN run inside.",
    matches: (part, { outside }) => part === "seccomp" && (outside === "skipped" || outside === "said"),
  },
];

/** @param {string} word */
export const isFailure = (word) => ["failed", "hung", "hung or crashed"].includes(word);

/** The end of a program, as a test of its own. @param {{ hung: boolean, status: number }} outcome */
export function ending({ hung, status }) {
  return { word: hung ? "hung" : `status ${status}`, why: "" };
}

/**
 * Runs a part outside and inside. Many tests have races of their own, so a difference without a name counts only if a second
 * round shows it too.
 *
 * @param {string} part
 * @param {(side: import("./workload.mjs").Side) => Promise<Result>} run
 * @param {readonly import("./workload.mjs").Side[]} [sides]
 * @returns {Promise<Comparison>}
 */
export async function compare(part, run, sides = insides) {
  const first = await round(part, run, sides);
  if (first.differences.every(({ name }) => name !== undefined)) return first;
  const second = await round(part, run, sides);
  const again = new Set(second.differences.map(keyOf));
  return {
    ...first,
    differences: first.differences.filter((each) => each.name !== undefined || again.has(keyOf(each))),
  };
}

/** @param {Difference} difference */
const keyOf = ({ test, side, outside, inside }) => [test, side, outside, inside].join("\n");

/**
 * @param {string} part @param {(side: import("./workload.mjs").Side) => Promise<Result>} run
 * @param {readonly import("./workload.mjs").Side[]} sides @returns {Promise<Comparison>}
 */
async function round(part, run, sides) {
  const outside = await run("outside");
  const differences = [];
  const losses = [];
  for (const side of sides) {
    const inside = await run(side);
    differences.push(...differencesOf(part, side, outside.tests, inside.tests));
    losses.push(...(inside.losses ?? []));
  }
  const words = [...outside.tests.values()]
    .map(({ word }) => word)
    .filter((word) => word !== "said" && !word.startsWith("status "));
  return {
    tests: words.length,
    failedOutside: words.filter((word) => isFailure(word)).length,
    skipped: words.filter((word) => word === "skipped").length,
    differences,
    losses,
  };
}

/** @param {string} part @param {string} side @param {Tests} outside @param {Tests} inside @returns {Difference[]} */
function differencesOf(part, side, outside, inside) {
  const differences = [];
  for (const test of new Set([...outside.keys(), ...inside.keys()])) {
    const [bare, ours] = [outside.get(test), inside.get(test)];
    if (bare?.word === ours?.word || bare?.word === "unfinished" || ours?.word === "unfinished") continue;
    const difference = {
      test,
      side,
      outside: bare?.word ?? "absent",
      inside: ours?.word ?? "absent",
      why: `${bare?.why ?? ""} ${ours?.why ?? ""}`,
    };
    differences.push({ ...difference, name: nameOf(part, difference) });
  }
  return differences;
}

/** @param {string} part @param {Omit<Difference, "name">} difference */
function nameOf(part, difference) {
  return namedDifferences.find(({ matches }) => matches(part, difference))?.name;
}
