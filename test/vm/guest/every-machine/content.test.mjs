/** Content that the kernel vouches for: the report says so, and the points are the same. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withoutPrograms } from "../bpf-programs.mjs";
import { isolineAs } from "../isoline.mjs";
import { digestOfBlock, makeBtrfs, makeFilesystem, seal } from "../verity.mjs";

const skip =
  withoutPrograms || (!existsSync("/usr/sbin/mkfs.ext4") && "there is nothing to make a filesystem with (e2fsprogs)");
/** IMA computes digests for security modules only. */
const isModule = readFileSync("/sys/kernel/security/lsm", "latin1").split(",").includes("bpf");
const { cwd, run } = isolineAs(0);

test("fs-verity and IMA are named as sources, and the points do not depend on them", { skip }, () => {
  const place = makeFilesystem();
  const [program, text] = [join(place, "program"), join(place, "text")];
  copyFileSync("/usr/bin/true", program);
  writeFileSync(text, "text\n");
  for (const path of [program, text]) seal(path);
  writeFileSync(join(cwd, "lens.json"), JSON.stringify({ content: "read" }));

  const [bySeccomp, byBpf] = ["seccomp", "bpf"].map((sensor) => {
    const options = ["--sensor", sensor, "-q", "--lens", "lens.json", "-o", `${sensor}.contour`];
    const words = ["--report", `${sensor}.json`, "--", "sh", "-c", `${program} && /usr/bin/env && cat ${text}`];
    const { status, stderr } = run("learn", ...options, ...words);
    equal(status, 0, stderr);
    return JSON.parse(readFileSync(join(cwd, `${sensor}.json`), "utf8"));
  });
  equal(byBpf.state, bySeccomp.state, run("diff", "seccomp.contour", "bpf.contour").stdout);

  /** @typedef {{ what: string, path: string, digest?: string }} Note */
  for (const { content } of [bySeccomp, byBpf]) {
    const of = (/** @type {string} */ path) => content.filter((/** @type {Note} */ note) => note.path === path);
    deepEqual(of(text), [{ what: "fs-verity", path: text, digest: digestOfBlock(Buffer.from("text\n")), count: 1 }]);
    const [sealed] = of(program);
    equal(sealed.what, "fs-verity");
    ok(sealed.digest !== `sha256:${digest(program)}`);
  }
  const computed = (/** @type {{ content: Note[] }} */ { content }) =>
    content.flatMap(({ what, path, digest: by }) => (what === "ima" ? [`${path} ${by}`] : []));
  deepEqual(computed(bySeccomp), []);
  const env = `/usr/bin/env sha256:${digest("/usr/bin/env")}`;
  deepEqual(
    computed(byBpf).filter((each) => each === env),
    isModule ? [env] : [],
    JSON.stringify(byBpf.content),
  );
});

const digest = (/** @type {string} */ path) => createHash("sha256").update(readFileSync(path)).digest("hex");

test("a program of Btrfs is found, though its file has another device number than its file system", {
  skip: withoutPrograms || (!existsSync("/usr/sbin/mkfs.btrfs") && "there is nothing to make it with (btrfs-progs)"),
}, () => {
  const program = join(makeBtrfs(), "program");
  copyFileSync("/usr/bin/true", program);
  const [bySeccomp, byBpf] = ["seccomp", "bpf"].map((sensor) => {
    const options = ["--sensor", sensor, "-q", "-o", `btrfs-${sensor}.contour`, "--report", `btrfs-${sensor}.json`];
    const { status, stderr } = run("learn", ...options, "--", program);
    equal(status, 0, stderr);
    return JSON.parse(readFileSync(join(cwd, `btrfs-${sensor}.json`), "utf8"));
  });
  deepEqual(byBpf.incomplete, []);
  equal(byBpf.state, bySeccomp.state, run("diff", "btrfs-seccomp.contour", "btrfs-bpf.contour").stdout);
});
