/** A profile of AppArmor that export wrote, loaded into a kernel that has AppArmor: the workload works, and departures are refused. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { isolineAs } from "../isoline.mjs";

const { cwd, run: isoline } = isolineAs(0);
const MODULES = "/sys/kernel/security/lsm";
const isThere = (/** @type {string} */ name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
const hasModule = existsSync(MODULES) && readFileSync(MODULES, "utf8").split(",").includes("apparmor");
const programs = ["apparmor_parser", "aa-exec"].filter((name) => !isThere(name));
const skip = (!hasModule && "this kernel has no AppArmor") || (programs.length > 0 && `needs ${programs.join(", ")}`);

const WORK = `set -e
cat in.txt >out.txt
mkdir -p "made [here]"
cp in.txt "made [here]/copy*"
ls / >/dev/null
cat out.txt
rm -rf out.txt "made [here]"
`;

describe("a contour as an AppArmor profile", { skip }, () => {
  before(() => {
    writeFileSync(join(cwd, "in.txt"), "text\n");
    writeFileSync(join(cwd, "work.sh"), WORK);
    equal(isoline("learn", "-q", "-o", "app.contour", "--", "sh", "work.sh").status, 0);
    const { status, stderr } = isoline(
      "export",
      "app.contour",
      "--to",
      "apparmor",
      "--name",
      "app",
      "-q",
      "-o",
      "app.profile",
    );
    deepEqual([status, stderr], [0, ""]);
    const loaded = spawnSync("apparmor_parser", ["--replace", "--skip-cache", "app.profile"], {
      cwd,
      encoding: "utf8",
    });
    deepEqual([loaded.status, loaded.stderr], [0, ""]);
  });

  /** @param {readonly string[]} command */
  const confined = (...command) => {
    const { status, stdout, stderr } = spawnSync("aa-exec", ["-p", "app", "--", ...command], { cwd, encoding: "utf8" });
    return { status, stdout, stderr };
  };

  test("the workload works under it", () => {
    deepEqual(confined("sh", "work.sh"), { status: 0, stdout: "text\n", stderr: "" });
  });

  test("it is enforced: what it never did is refused, and happens outside of it", () => {
    const acts = ["cat /etc/passwd", "uname", "echo x > in.txt", "echo x > other", "cp in.txt /var/tmp/refused"];
    for (const act of acts) {
      const { status, stderr } = confined("sh", "-c", act);
      match(stderr, /Permission denied/, act);
      deepEqual([act, status === 0], [act, false]);
    }
    for (const act of acts) equal(spawnSync("sh", ["-c", act], { cwd }).status, 0, act);
  });
});
