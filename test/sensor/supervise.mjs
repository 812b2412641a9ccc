/**
 * Runs one command in a namespace of the compiled packages, as the plan in the first argument says, and writes the report.
 *
 *   node supervise.mjs '{"plan": {…}, "command": ["./probe", …], "report": "/path"}'
 */
import { writeFileSync } from "node:fs";

const built = new URL("../../packages/isoline/dist/namespace/", import.meta.url).href;
const { Namespace } = await import(`${built}namespace.js`);
const { readEntry } = await import(`${built}entry.js`);
const { readPlaces } = await import(`${built}places.js`);

const { plan, command, report } = JSON.parse(process.argv[2] ?? "{}");
const entry = readEntry();
const places = { ...readPlaces(entry), ...plan.places };
const namespace = new Namespace(
  entry,
  { sensor: "seccomp", ...plan, places, landlock: false, openFiles: entry.openFiles },
  command.map((/** @type {string} */ word) => Buffer.from(word, "utf8")),
);
try {
  writeFileSync(report, JSON.stringify(await namespace.run()));
} catch (fault) {
  const { code, message } = /** @type {Error & { code?: string }} */ (fault);
  writeFileSync(report, JSON.stringify({ fault: code ?? "unknown", message }));
}
process.exit(0);
