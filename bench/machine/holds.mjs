/**
 * In a machine with two processors: opens that are held until the supervisor has decided, and the same opens bare. Every name
 * is a link to one file, whose content counts and is hashed once. Prints one line of JSON.
 *
 *   node holds.mjs PROGRAM COUNT
 */
import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = "/tmp/holds";
const isoline = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
const [program = "", count = ""] = process.argv.slice(2);
const command = [program, "file-", count];

mkdirSync(FOLDER);
writeFileSync(`${FOLDER}/content`, "the same under every name");
for (let file = 0; file < Number(count); file++) linkSync(`${FOLDER}/content`, `${FOLDER}/file-${file}`);
writeFileSync(`${FOLDER}/content.yaml`, "content: read\n");

const bare = run(command);
run([isoline, "learn", "-q", "--sensor", "bpf", "--lens", "content.yaml", "-o", "holds.contour", "--", ...command]);
const held = run([isoline, "run", "holds.contour", "-q", "--sensor", "bpf", "--enforce", "--", ...command]);
console.log(JSON.stringify({ bare, held }));

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
