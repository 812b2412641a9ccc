/** The seccomp sensor and Landlock on the distribution's kernel. */
import { deepEqual, match } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { isolineAs, ORDINARY } from "../isoline.mjs";

for (const [who, uid] of /** @type {const} */ ([
  ["root", 0],
  ["an ordinary user", ORDINARY],
])) {
  describe(who, () => {
    const { cwd, run } = isolineAs(uid);
    const [known, other] = [join(cwd, "known"), join(cwd, "other")];
    writeFileSync(known, "known\n");
    writeFileSync(other, "other\n");
    const reads = (/** @type {string} */ file) => ["--", "sh", "-c", `cat "$0"`, file];

    test("learns", () => {
      const { status, stdout, stderr } = run("learn", "-o", "app.contour", ...reads(known));
      deepEqual([status, stdout], [0, "known\n"]);
      match(stderr, /\d+ points \(all new\)/);
    });

    test("is on contour again", () => {
      const { status, stdout, stderr } = run("check", "app.contour", ...reads(known));
      deepEqual([status, stdout], [0, "known\n"]);
      match(stderr, /^isoline: on contour: /m);
    });

    test("is refused a file that is new, with Landlock beneath", () => {
      const args = ["check", "app.contour", "--enforce", "--report", "report.json"];
      const { status, stdout, stderr } = run(...args, ...reads(other));
      deepEqual([status, stdout], [3, ""]);
      match(stderr, /cat: \S*other: Operation not permitted/);
      const { mode, refused, landlock } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
      deepEqual([mode, refused, landlock.applied, landlock.version], ["enforce", 1, true, 6]);
    });
  });
}
