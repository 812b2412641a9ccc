/** `npm start`: installs, builds, and runs `isoline demo`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { preparation } from "./prepare.mjs";
import { repository } from "./run.mjs";
import { stageLine } from "./tally.mjs";

const isoline = join(repository, "packages/isoline/bin/isoline");

for (const { name, run } of preparation) {
  const outcome = await run();
  process.stderr.write(`${stageLine(outcome.status === 0 ? "ok" : "FAILED", name, outcome.seconds, outcome.note)}\n`);
  if (outcome.status !== 0) {
    process.stderr.write(`${outcome.output.trimEnd()}\nnpm start: cannot continue without "${name}".\n`);
    process.exit(1);
  }
}
if (!existsSync(isoline)) {
  process.stderr.write("npm start: packages/isoline/bin/isoline is missing; this checkout has no command line.\n");
  process.exit(1);
}
const { status, signal, error } = spawnSync(isoline, ["demo", ...process.argv.slice(2)], { stdio: "inherit" });
if (error !== undefined) process.stderr.write(`npm start: ${error.message}\n`);
process.exitCode = status ?? (signal === "SIGINT" ? 130 : 1);
