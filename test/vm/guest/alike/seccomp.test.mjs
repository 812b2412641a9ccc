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
    const reads = (/** @type {string[]} */ ...files) => [
      "--",
      "sh",
      "-c",
      'for file; do cat "$file"; done',
      "sh",
      ...files,
    ];

    test("learns", () => {
      const { status, stdout, stderr } = run("learn", "-o", "app.contour", ...reads(known));
      deepEqual([status, stdout], [0, "known\n"]);
      match(stderr, /\d+ points \(all new\)/);
    });

    test("may read what is known and is refused what is new, with Landlock beneath", () => {
      const args = ["check", "app.contour", "--enforce", "--report", "report.json"];
      const { status, stdout, stderr } = run(...args, ...reads(known, other));
      deepEqual([status, stdout], [3, "known\n"]);
      match(stderr, /cat: \S*other: Operation not permitted/);
      const { mode, refused, landlock } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
      deepEqual([mode, refused, landlock.applied, landlock.version], ["enforce", 1, true, 6]);
    });
  });
}
