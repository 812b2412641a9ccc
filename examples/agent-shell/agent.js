/**
 * Stands for an agent: what it wants done comes out of a file here, a line for each command, and not out of a model.
 * Like an agent it hands every command to the shell and reads what comes back. `SHELL=… node agent.js FILE`
 */
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");

const commands = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

for (const command of commands) {
  console.log(`\n> ${command}`);
  const { status } = spawnSync(process.env.SHELL, ["-c", command], { stdio: ["ignore", "inherit", "inherit"] });
  console.log(`(exit status ${status})`);
}
