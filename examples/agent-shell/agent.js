/**
 * Stands for an agent. It takes its commands from a file, one on each line, and not from a model. Like an agent it gives each
 * command to the shell and reads the output. `SHELL=… node agent.js FILE`
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
