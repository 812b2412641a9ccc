/** Several namespaces at once, on one load, each under its own contour. */
import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";
import { isolineAs } from "../isoline.mjs";

const { start } = isolineAs(0);

/** @param {readonly string[]} args @returns {Promise<{ status: number | null, stdout: string }>} */
function run(...args) {
  const child = start(...args);
  let stdout = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, stdout })));
}

/** Prints which of the directories it may list. */
const lister = ["perl", "-e", 'for (@ARGV) { print "$_\n" if opendir my $directory, $_ }'];

test("two namespaces at once, each under its own contour", { skip }, async (t) => {
  const kept = beginNamespace();
  t.after(() => kept.leave());
  const learn = (/** @type {string} */ name) =>
    run("learn", "--sensor", "bpf", "-q", "-o", `${name}.contour`, "--", ...lister, `/${name}`);
  const keep = (/** @type {string} */ name) =>
    run("run", `${name}.contour`, "--sensor", "bpf", "--enforce", "-q", "--", ...lister, "/etc", "/usr");
  deepEqual(await Promise.all([learn("etc"), learn("usr")]), [
    { status: 0, stdout: "/etc\n" },
    { status: 0, stdout: "/usr\n" },
  ]);
  deepEqual(await Promise.all([keep("etc"), keep("usr")]), [
    { status: 0, stdout: "/etc\n" },
    { status: 0, stdout: "/usr\n" },
  ]);
  // As many supervisors as the machine has memory for.
  await t.test("eight at once", async () => {
    const names = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? "etc" : "usr"));
    deepEqual(
      await Promise.all(names.map(keep)),
      names.map((name) => ({ status: 0, stdout: `/${name}\n` })),
    );
  });
});
