/**
 * `node test/foreign/run.mjs --full [--results FILE] [SUITE…]` runs the tests of other projects outside and inside, and reports
 * the differences. It takes half an hour to an hour. `node test/foreign/run.mjs --write --results FILE` writes the results into
 * docs/foreign-tests.md.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { compare } from "./comparison.mjs";
import { writePage } from "./page.mjs";
import { insides } from "./workload.mjs";
import { missingFrom, suites } from "./suites.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: "boolean" },
    write: { type: "boolean" },
    results: { type: "string" },
    part: { type: "string", multiple: true },
  },
});

if (!values.full && !values.write) {
  console.error("expected --full to run everything (it takes long); npx vitest run test/foreign runs the short form");
  process.exitCode = 2;
}
let faults = 0;
if (values.full) {
  for (const suite of suites.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const missing = missingFrom(suite);
    if (missing !== undefined || (suite.as === "root" && process.getuid?.() !== 0)) {
      console.log(`skipped: ${suite.name}: ${missing === undefined ? "needs root" : `${missing} is not installed`}`);
      continue;
    }
    const { name, what, as } = suite;
    /** @type {import("./page.mjs").PartResult[]} */
    const parts = [];
    for (const part of await suite.parts()) {
      if (values.part && !values.part.includes(part.name)) continue;
      const found = await compare(part.name, part.run, suite.sides);
      parts.push({ name: part.name, ...found });
      const unnamed = found.differences.filter((each) => each.name === undefined);
      faults += unnamed.length;
      const named = [...new Set(found.differences.flatMap((each) => each.name ?? []))].join(", ");
      console.log(
        `${unnamed.length > 0 ? "DIFFERS" : "same   "} ${name} ${part.name}: ${found.tests} tests, ${found.failedOutside} failed outside, ${found.skipped} skipped${named && `; ${named}`}${found.losses.length > 0 ? `; not seen: ${found.losses.join("; ")}` : ""}`,
      );
      for (const { test, side, outside, inside, why } of unnamed)
        console.log(`  ${side} ${test}: ${outside} -> ${inside} ${why}`);
    }
    keep(name, { what, as, sides: suite.sides ?? insides, parts });
  }
  console.log(faults === 0 ? "no difference without a name" : `${faults} differences without a name`);
  if (faults > 0) process.exitCode = 1;
}
if (values.write) writePage(readResults());

/** @returns {Record<string, import("./page.mjs").SuiteResult>} */
function readResults() {
  return values.results && existsSync(values.results) ? JSON.parse(readFileSync(values.results, "utf8")) : {};
}

/**
 * Another run may add to the file meanwhile. The results of parts that were run alone replace earlier results of these parts.
 *
 * @param {string} name @param {import("./page.mjs").SuiteResult} result
 */
function keep(name, result) {
  if (!values.results) return;
  const all = readResults();
  const earlier = values.part ? (all[name]?.parts ?? []) : [];
  const again = new Map(result.parts.map((part) => [part.name, part]));
  const parts = [
    ...earlier.map((part) => again.get(part.name) ?? part),
    ...result.parts.filter((part) => !earlier.some((each) => each.name === part.name)),
  ];
  writeFileSync(values.results, JSON.stringify({ ...all, [name]: { ...result, parts } }));
}
