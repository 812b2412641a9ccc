/**
 * `node tools/judge.mjs WHAT` checks the tree it is started in. It prints a line for each violation and ends with status 1 if
 * there is one. What it could not check is named on a line `skipped: …`.
 */
import { apiPageViolations } from "./api-page.mjs";
import { commandPageViolations } from "./command-page.mjs";
import { dependencyPageViolations } from "./dependencies.mjs";
import { documentViolations } from "./documents.mjs";
import { errorPageViolations } from "./error-page.mjs";
import { layerViolations } from "./layers.mjs";
import { mannersViolations } from "./manners.mjs";
import { plainWordViolations } from "./plain-words.mjs";
import { typeViolations } from "./type-check.mjs";

/** @type {Record<string, (root: string) => string[] | Promise<string[]>>} */
const judges = {
  "api-page": apiPageViolations,
  "command-page": commandPageViolations,
  dependencies: dependencyPageViolations,
  documents: documentViolations,
  "error-page": errorPageViolations,
  layers: layerViolations,
  manners: mannersViolations,
  "plain-words": plainWordViolations,
  types: typeViolations,
};

const what = process.argv[2] ?? "";
const judge = judges[what];
if (judge === undefined) {
  console.error(`expected one of ${Object.keys(judges).join(", ")}, got "${what}"`);
  process.exit(2);
}
const lines = await judge(process.cwd());
for (const line of lines) console.log(line);
process.exitCode = lines.every((line) => line.startsWith("skipped: ")) ? 0 : 1;
