/**
 * Containers under the bpf sensor where it can refuse. To start one takes long under emulation: there are no more than it needs.
 */
import { deepEqual, equal, match } from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { programsMissing } from "../bpf-programs.mjs";
import { canistersMissing, Yard } from "../canister.mjs";
import { beginNamespace } from "../kernel-half.mjs";

const skip = (programsMissing() && "the BPF programs are not compiled (clang-19, libbpf-dev)") || canistersMissing();
const yard = new Yard();
// The programs stay loaded from one container to the next.
const kept = skip ? undefined : beginNamespace();
after(() => {
  kept?.leave();
  yard.close();
});

const script = "cat /etc/passwd; sleep 1000";
const passwd = { status: 0, stdout: "root:x:0:0:root:/root:/bin/sh\n", stderr: "" };

/** Creates and starts a container, lets `within` execute in it, and removes it. @param {string} mode @param {(exec: (...command: string[]) => import("../canister.mjs").Result) => void} within */
function live(mode, within) {
  const id = yard.id();
  equal(yard.create(id, yard.bundle(script, "bpf", mode, "a.contour")), 0);
  deepEqual(yard.runc("start", id), { status: 0, stdout: "", stderr: "" });
  within((/** @type {string[]} */ ...command) => yard.runc("exec", id, ...command));
  equal(yard.runc("kill", id, "KILL").status, 0);
  deepEqual(yard.runc("delete", "--force", id), { status: 0, stdout: "", stderr: "" });
}

test("a container is learnt, with what is executed in it", { skip }, () => {
  live("learn", (exec) => deepEqual(exec("/bin/cat", "/etc/passwd"), passwd));
  const { verdict, incomplete } = yard.report("a.contour");
  deepEqual({ verdict, incomplete }, { verdict: "learnt", incomplete: [] });
});

test("enforced, exec brings in what was learnt and nothing else: that is refused before it has happened", {
  skip,
}, () => {
  live("enforce", (exec) => {
    equal(exec("/bin/cat", "/etc/passwd").stdout, passwd.stdout);
    const refused = exec("/bin/cat", "/etc/group");
    equal(refused.stdout, "");
    match(refused.stderr, /can't open '\/etc\/group': Operation not permitted/);
  });
  const { mode, incomplete, departures } = yard.report("a.contour");
  deepEqual({ mode, incomplete }, { mode: "enforce", incomplete: [] });
  match(
    departures.map((/** @type {{ act: string }} */ { act }) => act).join("\n"),
    /open access=read path=\/etc\/group/,
  );
});

test("a container whose own program goes off contour is refused that", { skip }, () => {
  const refused = yard.run("cat /etc/passwd; echo x > /tmp/made; exit 7", "bpf", "enforce", "a.contour");
  deepEqual({ status: refused.status, stdout: refused.stdout }, { status: 7, stdout: passwd.stdout });
  match(refused.stderr, /refused, off contour: .*\/tmp\/made/);
  equal(existsSync(yard.path("rootfs/tmp/made")), false);
});
