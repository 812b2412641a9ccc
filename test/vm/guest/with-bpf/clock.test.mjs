/** A clock that is set back: after that, a version of a file no longer proves its content. */
import { equal } from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cwd, isoline, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const program = fileURLToPath(new URL("../clock.py", import.meta.url));
const python = ["python3", "-I", "-S", "-B", program];

test("a program with the times and size of a known one is read again after the clock was set", { skip }, () => {
  writeFileSync(join(cwd, "dated"), "#!/bin/sh\nexit 3\n");
  chmodSync(join(cwd, "dated"), 0o755);
  writeFileSync(join(cwd, "second"), "#!/bin/sh\nexit 3\n");
  const learnt = isoline("learn", "--sensor", "bpf", "-q", "-o", "clock.contour", "--", ...python, "second");
  equal(learnt.stdout, "3 3 3 same\n", learnt.stderr);
  writeFileSync(join(cwd, "second"), "#!/bin/sh\nexit 4\n");
  const enforced = ["run", "clock.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "clock.json"];
  const { stdout, stderr } = isoline(...enforced, "--", ...python, "second");
  const { departures } = report("clock.json");
  equal(stdout, "3 3 refused same\n", JSON.stringify([stderr, departures]));
  equal(departures.length, 1);
  equal(/^exec .*dated/.test(departures[0].act), true);
});
