/** An interactive shell sees when its children stop; the sensor stops tasks whose event is not decided yet. */
import { equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isolineAs, program } from "../isoline.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const { cwd } = isolineAs(0);
const typed = [
  "ls /etc | wc -l",
  "cat /etc/hostname | tr a-z A-Z | cut -c1",
  "(sleep 0; id -u)",
  "./large && echo l$((2-1))rge",
  "exit 7",
  "",
].join("\n");

/** The output on the terminal, and the exit status. @param {readonly string[]} options */
function atTerminal(options) {
  const shell = [program, ...options, "--", "bash", "--norc", "-i"].join(" ");
  const env = { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C", HISTFILE: "", TERM: "dumb" };
  const { stdout, status } = spawnSync("script", ["-qec", shell, "/dev/null"], {
    cwd,
    env,
    input: typed,
    encoding: "utf8",
    timeout: 100_000,
    killSignal: "SIGKILL",
  });
  return { shown: stdout, status };
}

/** So large that reading it takes longer here than a task is ever held. */
function makeLargeProgram() {
  const path = join(cwd, "large");
  copyFileSync("/bin/true", path);
  truncateSync(path, 1 << 26);
}

test("an interactive shell does not see its jobs stop", { skip }, () => {
  makeLargeProgram();
  const learnt = atTerminal(["learn", "--sensor", "bpf", "-q", "-o", "shell.contour"]);
  equal(learnt.status, 7, learnt.shown);
  const { shown, status } = atTerminal(["run", "shell.contour", "--enforce", "--sensor", "bpf", "-q"]);
  equal(/Stopped/.exec(shown)?.[0], undefined, shown);
  match(shown, /^0\r?$/m);
  match(shown, /^l1rge\r?$/m);
  equal(status, 7, shown);
});
