/** A namespace that began under a demand for a signature, and whose supervisor was killed: under which contours another takes it over. */
import { deepEqual, equal, match } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { begin, cwd, endAll, EPERM, isoline, learn, report, start, until } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

const { orphanedNamespaces } = await import("../../../../packages/linux/dist/sensor/bpf/pinned.js");

const OTHER = "what happened before this supervisor took over was decided by a contour with another digest";
/** @param {string} name */
const at = (name) => join(cwd, name);
/** What the wider contour permits beside the acts of the narrow one. */
const WIDER = "list /var";

/** @type {ReturnType<typeof beginNamespace> | undefined} */
let standing;
before(async () => {
  if (skip) return;
  standing = beginNamespace();
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  writeFileSync(at("release.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(at("release.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  await learn(WIDER);
  copyFileSync(at("asking.contour"), at("wider.contour"));
  await learn();
  copyFileSync(at("asking.contour"), at("narrow.contour"));
});
after(() => standing?.leave());

function clear() {
  endAll();
  for (const name of ["made", "asking.contour.sig"]) rmSync(at(name), { force: true });
}

/** Puts a contour where the namespace begins. @param {string} name */
function put(name) {
  rmSync(at("asking.contour"), { force: true });
  copyFileSync(at(name), at("asking.contour"));
}
const sign = () => equal(isoline("sign", "asking.contour", "--key", "release.key").status, 0);

/** Begins it under the narrow contour, and kills its supervisor. @param {readonly string[]} words */
async function orphaned(...words) {
  put("narrow.contour");
  sign();
  const run = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "signed", ...words);
  await run.hear();
  run.child.kill("SIGKILL");
  await run.over;
  return run;
}

test("it stays without a supervisor, and refusing, until its contour is signed again", { skip }, async (t) => {
  t.after(clear);
  const run = await orphaned("--require-signature", "release.pub");
  const orphans = orphanedNamespaces();
  equal(orphans.length, 1);
  copyFileSync(at("asking.contour.sig"), at("narrow.sig"));

  put("wider.contour");
  match(isoline("attach", "signed", "-q").stderr, /expected the contour with the digest [0-9a-f]+, .* found [0-9a-f]+/);
  rmSync(at("asking.contour.sig"));
  for (const words of [[], ["--contour", "wider.contour"]]) {
    const { status, stderr } = isoline("attach", "signed", "-q", ...words);
    match(stderr, /contour: expected a signature by release\.pub at .*\.sig, found nothing; sign it with isoline sign/);
    equal(status, 1);
  }
  rmSync(at("asking.contour"));
  symlinkSync(at("narrow.contour"), at("asking.contour"));
  copyFileSync(at("narrow.sig"), at("asking.contour.sig"));
  match(isoline("attach", "signed", "-q").stderr, /found a symbolic link; name the file itself/);
  deepEqual(orphanedNamespaces(), orphans);
  deepEqual([await run.ask("list /usr"), await run.ask(WIDER)], [EPERM, EPERM]);

  put("wider.contour");
  sign();
  const successor = start("attach", "signed", "-q", "--report", "signed.json");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask("list /usr"), await run.ask(WIDER), await run.ask("make other")], [0, 0, EPERM]);
  run.end();
  deepEqual(await over, [0, null]);
});

test("it goes on under its contour as it is, where no signature was demanded, and says that it is another", {
  skip,
}, async (t) => {
  t.after(clear);
  const run = await orphaned();
  put("wider.contour");
  rmSync(at("asking.contour.sig"));
  const successor = start("attach", "signed", "-q", "--report", "unsigned.json");
  const over = once(successor, "exit");
  await until(() => orphanedNamespaces().length === 0);
  deepEqual([await run.ask(WIDER), await run.ask("make other")], [0, EPERM]);
  run.end();
  deepEqual(await over, [0, null]);
  const reasons = report("unsigned.json").incomplete.map((/** @type {{ reason: string }} */ { reason }) => reason);
  equal(reasons.includes(OTHER), true, reasons.join("; "));
});
