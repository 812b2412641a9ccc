/** Clones, changes, commits, and collects garbage. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environment } from "../harness/spent.mjs";

const COMMITS = 12;
const FILES = 20;

/** @type {import("../workloads.bench.mjs").Workload} */
export const git = {
  name: "git",
  what: (session) =>
    `git: clone of ${COMMITS * FILES} files in ${COMMITS} commits, ${changes(session)} commits more, gc`,
  needs: ["git"],

  prepare(session, store) {
    const source = join(store, "source");
    mkdirSync(source);
    run(session, source, "init", "--quiet", "--initial-branch=main");
    for (let commit = 0; commit < COMMITS; commit++) {
      const folder = join(source, `folder${commit}`);
      mkdirSync(folder);
      for (let file = 0; file < FILES; file++)
        writeFileSync(join(folder, `file${file}.txt`), lines(commit * FILES + file));
      run(session, source, "add", ".");
      run(session, source, "commit", "--quiet", "--message", `Folder ${commit}`);
    }
    writeFileSync(join(store, "work.sh"), script(store, changes(session)));
  },

  command: (_, store) => ["/bin/sh", join(store, "work.sh")],
};

const identity = [
  "-c",
  "user.name=Bench",
  "-c",
  "user.email=bench@example.org",
  "-c",
  "gc.auto=0",
  "-c",
  "maintenance.auto=false",
];

/** @param {import("../harness/session.mjs").Session} session @param {string} cwd @param {...string} words */
function run(session, cwd, ...words) {
  const { status, stderr } = spawnSync("git", [...identity, ...words], {
    cwd,
    env: environment(session),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`git ${words[0]}: ${stderr}`);
}

/** @param {string} store @param {number} commits */
const script = (store, commits) => `set -e
git="git ${identity.join(" ")}"
$git clone --quiet --no-local "${store}/source" clone
cd clone
for commit in ${Array.from({ length: commits }, (_, commit) => commit).join(" ")}; do
  echo "$commit" >>"folder$commit/file0.txt"
  $git add .
  $git commit --quiet --message "Change $commit"
done
$git gc --quiet
$git status --short
`;

const changes = (/** @type {import("../harness/session.mjs").Session} */ { quick }) => (quick ? 2 : 10);

const lines = (/** @type {number} */ seed) =>
  Array.from({ length: 40 }, (_, line) => `line ${line} of ${seed * line}\n`).join("");
