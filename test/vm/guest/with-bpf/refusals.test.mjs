/** When enforcing, no act of the cases of `test/sensor` happens: each is refused before its effect, also after others went ahead. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { cases, casesMissing, packed } from "../cases.mjs";
import { differences } from "../differences.mjs";

/** `setfsuid` and `setfsgid` return only the previous id: refused, they change nothing, and report no error. */
const CANNOT_FAIL = "ids for files";
/** Calls of other ABIs are refused in every mode. */
const NEVER_LEARNT = "abi";
/**
 * process_vm_readv, process_vm_writev, pidfd_getfd, process_madvise: their verdict is waited for 50 µs at most, so that they may be refused
 * once where they are on contour (docs/guarantees/bpf.md). No call after them tells what is asked here.
 */
const WAITED_FOR_BRIEFLY = ["310", "311", "438", "440"];

/** @typedef {import("../../refused-cases.ts").Attempt} Attempt */

/** For each operation an attempt by which the first test saw it refused. @type {Map<string, Attempt>} */
const found = new Map();

test("every kind of act is refused, and nothing is changed by it", { skip: casesMissing() }, async (t) => {
  const { attemptsOf, refuse, probe } = await packed();
  const { chosen, wanted } = oneForEachOperation(await cases());
  const attempts = attemptsOf(chosen).filter(({ calls }) => !calls.slice(0, -1).some(isWaitedForBriefly));
  const { became, before, after } = await refuse(attempts, probe);
  for (const attempt of attempts)
    for (const operation of became.get(attempt.does)?.operations ?? [])
      if (!found.has(operation)) found.set(operation, attempt);
  equal(after, before);
  deepEqual(
    [...wanted].filter((operation) => !found.has(operation)),
    [],
  );
  for (const { does } of chosen)
    await t.test(does, () => {
      const words = attempts.filter((each) => each.of === does).map((each) => became.get(each.does)?.what);
      deepEqual(
        words.filter((what) => what !== "refused" && what !== "no act"),
        [],
      );
      equal(words.includes("refused"), true);
    });
});

test("every kind of act is refused, and nothing is changed by it, with more in the register than the call's number", {
  skip: casesMissing(),
}, async (t) => {
  const { refuse, probe, withHighNumbers } = await packed();
  const { wanted } = oneForEachOperation(await cases());
  deepEqual(
    [...wanted].filter((operation) => !found.has(operation)),
    [],
  );
  const some = [...new Set(found.values())];
  const attempts = some.map((each) => ({ ...each, calls: withHighNumbers([each])[0]?.calls ?? [] }));
  const { became, before, after } = await refuse(attempts, probe);
  equal(after, before);
  for (const [operation, { does }] of found)
    await t.test(`${operation}: ${does}`, () => {
      equal(became.get(does)?.what, "refused");
      equal(became.get(does)?.operations.includes(operation), true);
    });
});

/** @param {readonly string[]} script */
function isWaitedForBriefly(script) {
  return script.some((word, at) => word === "call" && WAITED_FOR_BRIEFLY.includes(script[at + 1] ?? ""));
}

/**
 * The first case of each operation, and all operations.
 *
 * @template {{ does: string, events: readonly string[] }} C
 * @param {readonly C[]} all
 */
function oneForEachOperation(all) {
  const wanted = new Set();
  const chosen = all.filter(({ does, events }) => {
    const operations = (differences[does]?.events ?? events).map(
      (event) => event.replace(/^as \d+: /, "").split(" ")[0],
    );
    // The other cases have a program of their own.
    if (does === CANNOT_FAIL || operations.includes(NEVER_LEARNT)) return false;
    if (operations.some((word) => word?.endsWith(":"))) return false;
    const isNew = operations.some((operation) => !wanted.has(operation));
    for (const operation of operations) wanted.add(operation);
    return isNew;
  });
  return { chosen, wanted };
}
