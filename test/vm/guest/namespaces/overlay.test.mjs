/**
 * Files on an overlay, mounted before the workload begins or by the workload: seen as by the seccomp sensor, refused before an
 * effect.
 */
import { deepEqual, equal } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";

const { cwd, run } = isolineAs(0);
const acting = ["--", "perl", fileURLToPath(new URL("../overlaid.pl", import.meta.url))];
const mapping = ["--", "python3", "-I", "-S", "-B", fileURLToPath(new URL("../mapped.py", import.meta.url))];
const LAYERS = ["lower", "upper", "work", "merged"];

/** Creates the layers again, and mounts the overlay over them. */
function lay(isMounted = true) {
  take();
  for (const name of [...LAYERS, "lower/directory", "lower/empty"]) mkdirSync(join(cwd, name));
  for (const name of ["file", "other", "longer", "gone"]) writeFileSync(join(cwd, "lower", name), "text\n");
  copyFileSync("/bin/true", join(cwd, "lower/program"));
  writeFileSync(join(cwd, "lower/code"), Buffer.alloc(4096));
  if (isMounted)
    execFileSync("mount", ["-t", "overlay", "-o", "lowerdir=lower,upperdir=upper,workdir=work", "overlay", "merged"], {
      cwd,
    });
}

function take() {
  spawnSync("umount", ["merged"], { cwd, stdio: "ignore" });
  for (const name of LAYERS) rmSync(join(cwd, name), { recursive: true, force: true });
}

/**
 * The lines that only one contour has. Only the seccomp sensor says which mount a path belongs to
 * (docs/guarantees/bpf-differences.md). Apart from that, each line that one contour lacks must be in the other.
 *
 * @param {readonly string[]} lines
 */
function unpaired(lines) {
  const plain = (/** @type {string} */ line) =>
    line
      .slice(1)
      .replaceAll(/\$IN:[^ ]*?\/\//g, "")
      .replaceAll("$CWD/", "");
  const [lost, got] = ["-", "+"].map((sign) => lines.filter((line) => line.startsWith(sign)).map(plain));
  return lines.filter((line) => !(line.startsWith("-") ? got : lost)?.includes(plain(line)));
}

describe("overlays", { skip }, () => {
  after(take);

  // What the kernel opens by itself while it mounts, it opens where the workload's paths lead.
  const mounting = ["+   opened the directory $CWD/work for reading"];

  for (const [who, isMounted, words, differences] of /** @type {const} */ ([
    ["before the workload", true, [], []],
    ["by the workload", false, ["own"], mounting],
  ])) {
    test(`made ${who}: the same points under both sensors`, () => {
      for (const sensor of ["seccomp", "bpf"]) {
        lay(isMounted);
        const { status, stdout, stderr } = run(
          "learn",
          "--sensor",
          sensor,
          "-q",
          "-o",
          `${sensor}.contour`,
          ...acting,
          ...words,
        );
        deepEqual([status, stderr, /[1-9]/.test(stdout)], [0, "", false], stdout);
      }
      const lines = run("diff", "seccomp.contour", "bpf.contour").stdout.split("\n");
      deepEqual(unpaired(lines.filter((line) => /^[+-] {3}/.test(line))), differences);
    });
  }

  test("off contour: refused, and neither layer is changed", () => {
    lay();
    equal(run("learn", "--sensor", "bpf", "-q", "-o", "still.contour", ...acting, "nothing").status, 0);
    const { stdout } = run("run", "still.contour", "--sensor", "bpf", "--enforce", "-q", ...acting);
    const answers = stdout.trim().split("\n");
    equal(answers.length, 16);
    deepEqual(
      answers.filter((line) => !line.endsWith(" 1")),
      [],
    );
    deepEqual(readdirSync(join(cwd, "upper")), []);
  });

  for (const words of [[], ["told"]])
    test(`code that is written through a mapping is judged by its present content ${words.join("")}`, () => {
      lay();
      const learnt = run("learn", "--sensor", "bpf", "-q", "-o", "mapped.contour", ...mapping, ...words);
      deepEqual([learnt.status, learnt.stdout], [0, "mapped mapped\n"], learnt.stderr);
      for (const [more, said] of /** @type {const} */ ([
        [[], "mapped mapped\n"],
        [["change"], "mapped refused\n"],
      ])) {
        lay();
        const enforced = ["run", "mapped.contour", "--sensor", "bpf", "--enforce", "-q", ...mapping, ...words, ...more];
        equal(run(...enforced).stdout, said);
      }
    });
});
