/** The integrity view where the bpf sensor can refuse: the same as under the seccomp sensor, before an act has an effect. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

/** Owners of the files that the rules are about, and of no other file here. */
const [MEASURED, APPRAISED, MAPPED] = [47110, 47111, 47112];
const policy = [
  `measure func=FILE_CHECK mask=MAY_READ fowner=${MEASURED}`,
  `measure func=BPRM_CHECK fowner=${APPRAISED}`,
  `appraise func=BPRM_CHECK fowner=${APPRAISED}`,
  `appraise func=FILE_CHECK fowner=${APPRAISED}`,
  `appraise func=MMAP_CHECK fowner=${MAPPED}`,
  `audit func=BPRM_CHECK fowner=${APPRAISED}`,
];
const SET = "import os,sys; os.setxattr(sys.argv[1], 'security.ima', bytes.fromhex(sys.argv[2]))";
const PROTECT = [
  "import ctypes, os, sys",
  "libc = ctypes.CDLL(None, use_errno=True)",
  "libc.mmap.restype = ctypes.c_void_p",
  "at = libc.mmap(None, 4096, 1, 2, os.open(sys.argv[1], os.O_RDONLY), 0)",
  "print(libc.mprotect(ctypes.c_void_p(at), 4096, 5))",
  "print(libc.mprotect(ctypes.c_void_p(libc.mmap(None, 4096, 3, 34, -1, 0)), 4096, 5))",
].join("\n");
const script = [
  ...["good", "bad", "good"].map((name) => `./${name} 2>/dev/null; echo ${name} $?`),
  "echo >>loose; ./loose 2>/dev/null; echo loose $?",
  "cat unsigned 2>/dev/null || echo unsigned",
  "cat text; cat text; echo two >text; cat text; exec 3>>text; cat text; exec 3>&-",
  "python3 -I -S protect.py mapped",
].join("\n");

const { cwd, run } = isolineAs(0);

/** @param {string} sensor */
function learn(sensor) {
  const place = join(cwd, sensor);
  mkdirSync(place);
  /** @type {(name: string, owner: number, isGood?: boolean) => void} */
  const finish = (name, owner, isGood = false) => {
    const path = join(place, name);
    chmodSync(path, 0o755);
    chownSync(path, owner, owner);
    const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
    if (isGood) execFileSync("python3", ["-I", "-S", "-c", SET, path, `0404${digest}`]);
  };
  for (const name of ["good", "bad", "loose"]) {
    copyFileSync("/usr/bin/true", join(place, name));
    finish(name, APPRAISED, name !== "bad");
  }
  for (const [name, owner, text] of /** @type {const} */ ([
    ["text", MEASURED, "one\n"],
    ["unsigned", APPRAISED, "no\n"],
    ["mapped", MAPPED, "x".repeat(4096)],
    ["protect.py", 0, PROTECT],
  ])) {
    writeFileSync(join(place, name), text);
    finish(name, owner);
  }
  writeFileSync(join(place, "policy"), policy.join("\n"));
  const options = ["-q", "-o", `${sensor}.contour`, "--report", `${sensor}.json`, "--sensor", sensor];
  const ima = ["--ima-policy", join(place, "policy"), "--ima-list", sensor, "--ima-audit", join(place, "audit")];
  const { stdout, stderr } = run("learn", ...options, ...ima, "--", "sh", "-c", `cd ${place}\n${script}`);
  const told = (/** @type {string} */ name) => readFileSync(join(place, name), "utf8").replaceAll(place, "");
  const { incomplete, integrity } = JSON.parse(readFileSync(join(cwd, `${sensor}.json`), "utf8"));
  const entries = told("ascii_runtime_measurements").split("\n").slice(1);
  const list = entries.map((line) => line.split(" ").slice(2).join(" "));
  const causes = Array.from(told("audit").matchAll(/cause=(\S+) .*name="([^"]*)"/g), ([, why, name]) => [name, why]);
  return {
    stdout,
    stderr,
    incomplete,
    list,
    causes,
    integrity,
    contour: readFileSync(join(cwd, `${sensor}.contour`), "utf8"),
  };
}

test("files are measured, appraised and audited as under the seccomp sensor, and refused before they are used", {
  skip,
}, () => {
  const [seccomp, bpf] = [learn("seccomp"), learn("bpf")];
  deepEqual(bpf.incomplete, [], bpf.stderr);
  equal(bpf.stdout, "good 0\nbad 126\ngood 0\nloose 126\nunsigned\none\none\ntwo\ntwo\n-1\n0\n");
  equal(bpf.stdout, seccomp.stdout);
  deepEqual(bpf.list, seccomp.list);
  deepEqual(bpf.causes, seccomp.causes);
  equal(bpf.integrity.denied, seccomp.integrity.denied);
  equal(bpf.integrity.violations, 1);
  equal(bpf.list.filter((entry) => entry.endsWith(" /text ")).length, 3);
  match(bpf.contour, /exec .*\/good /);
  ok(!/exec .*\/bad /.test(bpf.contour));
});
