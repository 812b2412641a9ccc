/** The machine is as the other tests expect it. */
import { deepEqual, equal, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { release } from "node:os";
import { test } from "node:test";
import { ORDINARY } from "../isoline.mjs";

test("its kernel is the distribution's", () => {
  equal(release(), process.env["ISOLINE_KERNEL"]);
  equal(readFileSync("/proc/version", "utf8").includes("debian"), true);
});

test("the host's files can be read and not changed", () => {
  throws(() => writeFileSync("/etc/hostname", "changed"), { code: "EROFS" });
  throws(() => writeFileSync(new URL(import.meta.url), "changed"), { code: "EROFS" });
});

test("temporary files are its own", () => {
  writeFileSync(`${mkdtempSync("/tmp/own-")}/file`, "text");
  deepEqual(
    ["/tmp", "/var/tmp", "/run", "/root", "/dev/shm"].map((path) => statfsSync(path).type),
    Array(5).fill(0x01021994),
  );
});

test("the kernel's own file systems are mounted", () => {
  const magics = {
    "/sys/fs/bpf": 0xcafe4a11,
    "/sys/kernel/security": 0x73636673,
    "/sys/kernel/tracing": 0x74726163,
    "/sys/fs/cgroup": 0x63677270,
  };
  deepEqual(Object.fromEntries(Object.keys(magics).map((path) => [path, statfsSync(path).type])), magics);
  equal(existsSync("/sys/kernel/btf/vmlinux"), true);
});

test("connections to itself arrive", async () => {
  const server = createServer((socket) => socket.end("hello"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const said = await new Promise((resolve) => connect(port, "127.0.0.1").on("data", (text) => resolve(String(text))));
  server.close();
  equal(said, "hello");
});

test("there are ordinary users, and they may make user namespaces", () => {
  const id = (/** @type {string[]} */ ...command) =>
    execFileSync(command[0] ?? "", command.slice(1), { encoding: "utf8", uid: ORDINARY, gid: ORDINARY }).trim();
  equal(id("id", "-u"), String(ORDINARY));
  equal(id("unshare", "--user", "--map-root-user", "id", "-u"), "0");
});
