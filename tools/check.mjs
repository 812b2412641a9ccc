/** `npm run check [NAME…]`: runs the checks of the sources without the tests: all of them, or the named ones. */
import { checked, checks } from "./checks.mjs";
import { reportStage, Tally } from "./tally.mjs";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !checks.some((candidate) => candidate.name === name));
const wanted = checks.filter(({ name }) => names.length === 0 || names.includes(name));
const tally = new Tally();
for await (const { name, remedy, outcome } of checked(wanted)) tally.add(reportStage(name, outcome, remedy));
if (unknown.length > 0) {
  console.log(`there are: ${checks.map(({ name }) => name).join(", ")}`);
  tally.add({ passed: 0, failed: unknown.map((name) => `no check ${name}`), skipped: [], unsteady: [] });
}
console.log(tally.closing());
process.exitCode = tally.succeeded ? 0 : 1;
