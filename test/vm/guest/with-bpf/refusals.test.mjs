/** When enforcing, no act of the cases of `test/sensor` happens: each is refused before its effect. */
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { cases, casesMissing, packed } from "../cases.mjs";
import { differences } from "../differences.mjs";

/** `setfsuid` and `setfsgid` return only the previous id: refused, they change nothing, and report no error. */
const CANNOT_FAIL = "ids for files";

/** The workload gets EPERM, or the error that the kernel makes of it. */
const REFUSED = /errno (1|13|12|126)\b/;

for (const isHigh of [false, true])
  test(`every kind of act is refused, and nothing is changed by it${isHigh ? ", with more in the register than the call's number" : ""}`, {
    skip: casesMissing(),
  }, async (t) => {
    const { refuseCases, slug, probe, withHighNumbers } = await packed();
    const some = oneForEachOperation(await cases());
    const chosen = isHigh ? withHighNumbers(some) : some;
    const { output, before, after } = await refuseCases(chosen, probe);
    equal(after, before);
    for (const { does } of chosen)
      await t.test(does, () => equal(REFUSED.test(output.get(slug(does)) ?? ""), true, output.get(slug(does))));
  });

/**
 * The first case of each operation that does little else.
 *
 * @template {{ does: string, events: readonly string[] }} C
 * @param {readonly C[]} all
 */
function oneForEachOperation(all) {
  const covered = new Set();
  return all.filter(({ does, events }) => {
    const operations = (differences[does]?.events ?? events).map((event) => event.split(" ")[0]);
    // The other cases have a program of their own, or other credentials.
    if (does === CANNOT_FAIL) return false;
    if (operations.length > 3 || operations.some((word) => word?.endsWith(":") || word === "as")) return false;
    const isNew = operations.some((operation) => !covered.has(operation));
    for (const operation of operations) covered.add(operation);
    return isNew;
  });
}
