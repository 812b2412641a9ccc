/**
 * In a machine with two processors: acts that are held until the supervisor has decided, and the same acts bare. The names that are
 * opened are links to one file, whose content counts and is hashed once. A connection to a port and a move are held each time.
 * Prints one line of JSON.
 *
 *   node holds.mjs PROGRAM COUNT
 */
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = "/tmp/holds";
const isoline = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
const [program = "", count = ""] = process.argv.slice(2);

mkdirSync(FOLDER);
writeFileSync(`${FOLDER}/content`, "the same under every name");
for (let file = 0; file < Number(count); file++) linkSync(`${FOLDER}/content`, `${FOLDER}/file-${file}`);
writeFileSync(`${FOLDER}/moved`, "");
writeFileSync(`${FOLDER}/content.yaml`, "content: read\n");

const acts = { open: "file-", connect: "53", move: "moved" };
const measured = Object.entries(acts).map(([act, name]) => {
  const command = [program, act, name, count];
  const bare = run(command);
  run([isoline, "learn", "-q", "--sensor", "bpf", "--lens", "content.yaml", "-o", `${act}.contour`, "--", ...command]);
  return [
    act,
    { bare, held: run([isoline, "run", `${act}.contour`, "-q", "--sensor", "bpf", "--enforce", "--", ...command]) },
  ];
});
console.log(JSON.stringify(Object.fromEntries(measured)));

/** @param {readonly string[]} words @returns {number[][]} */
function run([first = "", ...words]) {
  const environment = { PATH: process.env["PATH"], HOME: "/root", LC_ALL: "C" };
  const { status, stdout, stderr } = spawnSync(first, words, { cwd: FOLDER, encoding: "utf8", env: environment });
  if (status !== 0) throw new Error(`${first} ${words[0]} ended with ${status}: ${stderr}`);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
}
