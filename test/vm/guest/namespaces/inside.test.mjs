/** isoline inside one of its own namespaces, where no task gets what the bpf sensor protects. */
import { deepEqual, match } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs, program } from "../isoline.mjs";

const PINS = "/sys/fs/bpf/isoline";
const { cwd, run } = isolineAs(0);
const read = (/** @type {string} */ file) => readFileSync(join(cwd, file), "utf8");
const learn = (/** @type {string} */ contour, /** @type {string[]} */ ...words) =>
  run("learn", "--sensor", "bpf", "-q", "-o", contour, "--", program, ...words);

test("the programs are not removed from the kernel, on contour or not, and the attempt is reported", { skip }, () => {
  const before = readdirSync(PINS);
  const refused = /^isoline: \S+isoline may not be changed \(EPERM\), as inside a namespace of the bpf sensor/;
  match(learn("unpin.contour", "unpin", "--force").stderr, refused);
  match(read("unpin.contour"), /rename path=\/sys\/fs\/bpf\/isoline\/lsm-/);
  const how = ["--sensor", "bpf", "--enforce", "-q", "--report", "unpin.json"];
  match(run("run", "unpin.contour", ...how, "--", program, "unpin", "--force").stderr, refused);
  const { off, kernel } = JSON.parse(read("unpin.json"));
  deepEqual([off, kernel.rename.refused], [0, 1]);
  deepEqual(readdirSync(PINS), before);
});

test("no namespace of the sensor begins there, and nothing is attached for one", { skip }, () => {
  const before = readdirSync(PINS);
  const { stderr } = learn("outer.contour", "learn", "--sensor", "bpf", "-q", "-o", "inner.contour", "--", "true");
  match(stderr, /^isoline: the BPF map at \S+ cannot be opened \(EPERM\), as inside a namespace of the bpf sensor/);
  deepEqual(readdirSync(PINS), before);
});
