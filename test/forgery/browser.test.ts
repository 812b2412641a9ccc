/** The same appraisal in a browser: nothing of Node's is in it, and its verdicts are those of this process. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Question } from "../../packages/attest/src/appraise/index.ts";
import { writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { needsSwtpm } from "../attest/swtpm.ts";
import { bundled, hasBrowser, onPage } from "../support/browser.ts";
import { Bench, fresh } from "./bench.ts";
import { judge, questionFor, verdict } from "./verifier.ts";

const path = (name: string) => fileURLToPath(new URL(`../../packages/${name}`, import.meta.url));

describe("the appraisal as a bundle for browsers", () => {
  it("reaches for nothing of Node's", async () => {
    // Libraries look for Buffer and do without it; none may need a module of Node's.
    const found = /[`"']node:\w+|\brequire\([^)]*\)|\bimport\b.{0,20}/.exec(await bundle());
    expect(found?.[0]).toBeUndefined();
  });

  it.skipIf(needsSwtpm || !hasBrowser)("comes to the same verdicts (needs swtpm and chromium)", async () => {
    const bench = await new Bench().open();
    const question = questionFor(bench.node, bench.challenge);
    const evidence = writeEvidence(await bench.honest());
    const cases: readonly Question[] = [
      { ...question, evidence },
      { ...question, evidence, challenge: fresh() },
      { ...question, evidence: evidence.subarray(1) },
      { ...question, evidence: writeEvidence(await bench.saying({ points: 6 })) },
      { ...question, evidence, last: await bench.accepted() },
    ];
    await bench.close();
    const here: string[] = [];
    for (const one of cases) here.push(verdict(await judge(one, one.evidence)));
    expect(here.slice(0, 2)).toEqual(["affirming", "unverifiable, freshness: stale"]);
    expect(await inBrowser(cases)).toEqual(here);
  });
});

/** The core's subpaths are read from the sources, as in all tests. */
function bundle(): Promise<string> {
  const core = {
    "@isoline/core/error": "error.ts",
    "@isoline/core/verify": "verify/index.ts",
    "@isoline/core/digest": "digest.ts",
  };
  const alias = Object.fromEntries(Object.entries(core).map(([name, file]) => [name, path(`core/src/${file}`)]));
  return bundled({ input: path("attest/src/appraise/index.ts"), resolve: { alias } });
}

/** A value as text for a script: bytes, dates and long numbers as calls that make them. */
function literal(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes("${Buffer.from(value).toString("base64")}")`;
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(",")}]`;
  if (typeof value !== "object" || value === null) return value === undefined ? "undefined" : JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, one]) => `${JSON.stringify(name)}:${literal(one)}`)
    .join(",")}}`;
}

async function inBrowser(cases: readonly Question[]): Promise<unknown> {
  return onPage(
    await bundle(),
    `const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    ${verdict.toString()}
    const told = [];
    for (const one of ${literal(cases)}) told.push(await isoline.appraise(one).then(${verdict.name}, String));
    return told;`,
  );
}
