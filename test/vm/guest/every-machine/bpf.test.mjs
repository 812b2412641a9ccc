/**
 * The bpf sensor: it sees what the seccomp sensor sees, refuses before an act has an effect, and works on without its
 * supervisor.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const EPERM = 1;
const PINS = "/sys/fs/bpf/isoline";
const acts = ["python3", "-I", "-S", "-B", fileURLToPath(new URL("../acts.py", import.meta.url))];
/** Without the BPF programs there is nothing to test; the tests on the host say whether they are compiled. */
const { cwd, run, start } = isolineAs(0);

/** @param {string} file */
const report = (file) => JSON.parse(readFileSync(join(cwd, file), "utf8"));

/** @param {string} text lines of a name and a number */
const numbers = (text) =>
  Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );

test("learns the same points as the seccomp sensor", { skip }, () => {
  const [bySeccomp, byBpf] = ["seccomp", "bpf"].map((sensor) => {
    const options = ["--sensor", sensor, "-q", "-o", `${sensor}.contour`, "--report", `${sensor}.json`];
    const { status, stderr } = run("learn", ...options, "--", ...acts);
    equal(status, 0, stderr);
    return report(`${sensor}.json`);
  });
  deepEqual(byBpf.incomplete, []);
  equal(byBpf.state, bySeccomp.state, run("diff", "seccomp.contour", "bpf.contour").stdout);
});

test("enforced, holds an unknown event until it is decided, and refuses before an effect", { skip }, () => {
  writeFileSync(join(cwd, "kept"), "", { mode: 0o644 });
  const enforce = ["run", "--sensor", "bpf", "--enforce", "bpf.contour", "--report", "report.json"];
  mkdirSync(PINS, { recursive: true });
  const before = readdirSync(PINS);
  mkdirSync(join(PINS, "somebody's"));
  const { status, stdout, stderr } = run(...enforce, "--", ...acts, "refusals", cwd, join(PINS, "somebody's"));
  equal(status, 0, stderr);
  const errnos = numbers(stdout);
  deepEqual(errnos, Object.fromEntries(Object.keys(errnos).map((name) => [name, EPERM])));
  equal(Object.keys(errnos).length, 10);
  equal(existsSync(join(cwd, "made")) || existsSync(join(cwd, "moved")) || existsSync(join(cwd, "directory")), false);
  equal(statSync(join(cwd, "kept")).mode & 0o777, 0o644);
  const { verdict, refused, off, incomplete } = report("report.json");
  equal(verdict, "off-contour");
  equal(refused, off);
  deepEqual(incomplete, []);
  deepEqual(readdirSync(PINS).sort(), [...before, "somebody's"].sort());
});

test("keeps its maps to itself", { skip }, () => {
  const { status, stdout, stderr } = run(
    "learn",
    "--sensor",
    "bpf",
    "-q",
    "-o",
    "maps.contour",
    "--",
    ...acts,
    "reach_for_maps",
    cwd,
  );
  equal(status, 0, stderr);
  const { known = 0, had = 0 } = numbers(stdout);
  // Other programs than the sensor's need not exist here.
  ok(known >= 14 && had <= known - 14, stdout);
});

test("without its supervisor, known events go ahead and others are refused", { skip }, async () => {
  const child = start("run", "--sensor", "bpf", "--enforce", "bpf.contour", "-q", "--", ...acts, "orphan", cwd);
  const lines = createInterface({ input: child.stdout });
  /** @type {string[]} */
  const heard = [];
  for await (const line of lines) {
    heard.push(line);
    if (line !== "ready") continue;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await over;
    ok(readdirSync(PINS).length > 0);
    child.stdin.end("go\n");
  }
  deepEqual(numbers(heard.slice(1).join("\n")), { "/etc": 0, "/usr": EPERM });
});
