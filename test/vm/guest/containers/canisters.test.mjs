/** Containers under the bpf sensor where it can refuse. Starting one takes long under emulation, so there are few. */
import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { withoutPrograms } from "../bpf-programs.mjs";
import { canistersMissing, Yard } from "../canister.mjs";

const skip = withoutPrograms || canistersMissing();
const yard = new Yard();
after(() => yard.close());

const script = "cat /etc/passwd; exit 7";
const passwd = "root:x:0:0:root:/root:/bin/sh\n";
const whole = { status: 7, stdout: passwd, stderr: "" };

/** The parts of the last run's report that count. @param {string} contour */
function outcome(contour) {
  const { mode, verdict, off, refused, incomplete } = yard.report(contour);
  return { mode, verdict, off, refused, incomplete };
}

/**
 * Learns, once more where the run was incomplete: nothing is held while it learns, and a busy supervisor may come too late to read
 * the runtime's copy of itself, which is in memory and soon gone.
 *
 * @param {string} contour @param {() => void} learn
 */
function learnWhole(contour, learn) {
  for (let round = 0; round < 4; round++) {
    learn();
    if (outcome(contour).incomplete.length === 0) return;
  }
}

/**
 * Creates and starts a container, lets `within` execute commands in it, and removes it.
 *
 * @param {string} mode @param {(exec: (...command: string[]) => import("../canister.mjs").Result) => void} within
 */
function live(mode, within) {
  const id = yard.id();
  equal(yard.create(id, yard.bundle("cat /etc/passwd; sleep 1000", "bpf", mode, "live.contour")), 0);
  deepEqual(yard.runc("start", id), { status: 0, stdout: "", stderr: "" });
  within((/** @type {string[]} */ ...command) => yard.runc("exec", id, ...command));
  equal(yard.runc("kill", id, "KILL").status, 0);
  deepEqual(yard.runc("delete", "--force", id), { status: 0, stdout: "", stderr: "" });
}

test("a container is learnt: its workload has the points that it has under the seccomp sensor", { skip }, () => {
  for (const sensor of /** @type {const} */ (["seccomp", "bpf"])) {
    learnWhole(`${sensor}.contour`, () => {
      const { status, stdout } = yard.run(script, sensor, "learn", `${sensor}.contour`);
      deepEqual({ status, stdout }, { status: whole.status, stdout: whole.stdout });
    });
    const expected = { mode: "learn", verdict: "learnt", off: 0, refused: 0, incomplete: [] };
    deepEqual(outcome(`${sensor}.contour`), expected);
  }
  const contours = ["seccomp", "bpf"].map((sensor) => yard.path(`contours/${sensor}.contour`));
  const { stdout, stderr } = yard.isoline("diff", ...contours);
  equal(stderr, "");
  doesNotMatch(stdout, /^workload:$/m);
});

test("enforced, it does what it did before, and nothing is off contour", { skip }, () => {
  deepEqual(yard.run(script, "bpf", "enforce", "bpf.contour"), whole);
  const expected = { mode: "enforce", verdict: "on-contour", off: 0, refused: 0, incomplete: [] };
  deepEqual(outcome("bpf.contour"), expected);
});

test("enforced, what it never did is refused before an effect", { skip }, () => {
  const wrong = "cat /etc/passwd; echo x > /tmp/made; echo x >> /etc/group; exit 7";
  const { status, stdout, stderr } = yard.run(wrong, "bpf", "enforce", "bpf.contour");
  deepEqual({ status, stdout }, { status: 7, stdout: passwd });
  match(stderr, /refused, off contour: `busybox as sh \(text\)` .* created \$TMP\/made for writing/);
  match(stderr, /refused, off contour: `busybox as sh \(text\)` .* opened \/etc\/group for writing/);
  equal(existsSync(yard.path("rootfs/tmp/made")), false);
  equal(yard.read("rootfs/etc/group"), "root:x:0:\n");
  const expected = { mode: "enforce", verdict: "off-contour", off: 2, refused: 2, incomplete: [] };
  deepEqual(outcome("bpf.contour"), expected);
});

test("a program that is executed in it joins it: enforced, what was learnt works, and nothing else", { skip }, () => {
  learnWhole("live.contour", () =>
    live("learn", (exec) => {
      deepEqual(exec("/bin/cat", "/etc/passwd"), { status: 0, stdout: passwd, stderr: "" });
    }),
  );
  const { verdict, incomplete } = outcome("live.contour");
  deepEqual({ verdict, incomplete }, { verdict: "learnt", incomplete: [] });
  live("enforce", (exec) => {
    deepEqual(exec("/bin/cat", "/etc/passwd"), { status: 0, stdout: passwd, stderr: "" });
    const { status, stdout, stderr } = exec("/bin/cat", "/etc/group");
    deepEqual({ status, stdout }, { status: 1, stdout: "" });
    match(
      stderr,
      /^cat: can't open '\/etc\/group': Operation not permitted\n.* 1 act was refused in t\d+ meanwhile: isoline departures /,
    );
    equal(exec("/bin/touch", "/tmp/made").status, 1);
    equal(existsSync(yard.path("rootfs/tmp/made")), false);
  });
  const expected = { mode: "enforce", verdict: "off-contour", off: 2, refused: 2, incomplete: [] };
  deepEqual(outcome("live.contour"), expected);
});
