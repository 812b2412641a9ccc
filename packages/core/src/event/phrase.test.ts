import { describe, expect, test } from "vitest";
import { ZERO_DIGEST } from "../digest.ts";
import type { Actor, Event } from "./event.ts";
import { fieldsOf, type Operation, operationNames } from "./operations.ts";
import { phrase } from "./phrase.ts";

const actor: Actor = {
  task: ZERO_DIGEST,
  parent: ZERO_DIGEST,
  credentials: { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n },
};

/** An event of any operation, with plausible values for the fields that the test does not name. */
function some(op: Operation, subject: Record<string, unknown>): Event {
  const values = {
    path: "/some/where",
    text: "text",
    list: ["a"],
    u32: 1,
    octal: 0o100644,
    id: 5,
    u64: 3n,
    digest: ZERO_DIGEST,
  };
  const defaults = Object.fromEntries(fieldsOf(op).map(([name, field]) => [name, values[field.kind]]));
  return { op, actor, subject: { ...defaults, ...subject } } as unknown as Event;
}

describe("phrase", () => {
  test.each<[string, Operation, Record<string, unknown>]>([
    ["executed /usr/bin/curl", "exec", { path: "/usr/bin/curl", as: undefined, runs: undefined }],
    ["executed /bin/busybox as cat", "exec", { path: "/bin/busybox", as: "cat", runs: undefined }],
    ["executed /bin/node to run $CWD/a.js", "exec", { path: "/bin/node", as: undefined, runs: ["$CWD/a.js"] }],
    ["opened $HOME/.npmrc for reading", "open", { path: "$HOME/.npmrc", access: "read" }],
    ["opened /f for reading and writing", "open", { path: "/f", access: "read,write" }],
    ["opened /f for reading, writing and truncating", "open", { path: "/f", access: "read,write,truncate" }],
    ["opened /f in an unknown way", "open", { path: "/f", access: "?" }],
    ["renamed /a to /b", "rename", { path: "/a", to: "/b", replaces: "yes" }],
    ["exchanged /a with /b", "rename", { path: "/a", to: "/b", replaces: "exchange" }],
    ["mapped /l as writable executable memory", "map", { path: "/l", access: "write,execute" }],
    ["opened the directory /d for reading", "open", { path: "/d", access: "read", mode: 0o040755 }],
    ["opened /f for constructor", "open", { path: "/f", access: "constructor" }],
    ["created /f for writing", "create", { path: "/f", access: "write" }],
    ["created /f for writing, with the mode 04755", "create", { path: "/f", access: "write", mode: 0o4755 }],
    ["made the directory /d, with the mode 02775", "mkdir", { path: "/d", mode: 0o2775 }],
    ["changed the mode of /f to 0755", "chmod", { path: "/f", to: 0o755 }],
    ["changed the mode of /f to 04755", "chmod", { path: "/f", to: 0o4755 }],
    ["changed the mode of /f to 0000", "chmod", { path: "/f", to: 0 }],
    ["changed the owner of /f to 0:0", "chown", { path: "/f", owner: 0, group: 0 }],
    ["changed the group of /f to 7", "chown", { path: "/f", owner: 0xffff_ffff, group: 7 }],
    ["made the device /dev/x (8:0)", "mknod", { path: "/dev/x", mode: 0o060600, device: "8:0" }],
    ["made the pipe /p", "mknod", { path: "/p", mode: 0o010600, device: "-" }],
    ["made the file /f, with the mode 04755", "mknod", { path: "/f", mode: 0o104755, device: "-" }],
    ["connected to tcp 127.0.0.1:5432", "connect", { family: "inet", type: "stream", address: "127.0.0.1:5432" }],
    ["sent to udp [::1]:53", "send", { family: "inet6", type: "dgram", address: "[::1]:53" }],
    ["connected to unix /run/x.sock", "connect", { family: "unix", type: "stream", address: "/run/x.sock" }],
    ["bound to netlink raw netlink:0000", "bind", { family: "netlink", type: "raw", address: "netlink:0000" }],
    ["sent signal 9 (KILL) to a process outside", "kill", { signal: 9, relation: "outside" }],
    ["sent signal 15 (TERM) to its own process group", "kill", { signal: 15, relation: "own-group" }],
    ["sent signal 15 (TERM) to a process (cousin)", "kill", { signal: 15, relation: "cousin" }],
    ["sent signal 40 to itself", "kill", { signal: 40, relation: "self" }],
    ["deleted something without a path (unreachable)", "unlink", { path: "?unreachable" }],
    [
      "mounted none on /mnt (tmpfs size=64k ro nosuid flags=0x400)",
      "mount",
      { call: "mount", source: "none", path: "/mnt", type: "tmpfs", flags: 0x403n, options: ["size=64k"] },
    ],
    [
      "made what is mounted on /etc/hostname private",
      "mount",
      { call: "mount", source: "", path: "/etc/hostname", type: "", flags: 0x44000n, options: [] },
    ],
    [
      "changed how /proc is mounted (ro)",
      "mount",
      { call: "mount", source: "", path: "/proc", type: "", flags: 0x1021n, options: [] },
    ],
    [
      // The kernel binds, and does not look at the other flag.
      "mounted /data on /mnt",
      "mount",
      { call: "mount", source: "/data", path: "/mnt", type: "", flags: 0x41000n, options: [] },
    ],
    [
      "changed what is mounted (fsopen tmpfs flags=0x3)",
      "mount",
      { call: "fsopen", source: "none", path: "none", type: "tmpfs", options: [] },
    ],
    [
      "set its capabilities to no capabilities, out of the capability chown, and passes on the capability kill",
      "capset",
      { effective: 0n, permitted: 1n, inheritable: 0x20n },
    ],
    ["set its capabilities to the capability chown", "capset", { effective: 1n, permitted: 1n, inheritable: 0n }],
    ["loaded a kernel module", "module", { call: "init_module", path: "none" }],
    ["removed a kernel module", "module", { call: "delete_module", path: "none" }],
    ["made system call 11 of another ABI (i386)", "abi", { arch: "i386", number: 11 }],
  ])("%s", (expected, op, subject) => {
    expect(phrase(some(op, subject))).toBe(expected);
  });

  test("has a wording of its own for every operation, and names the path where there is one", () => {
    const wordings = operationNames.map((op) => phrase(some(op, {})));
    expect(new Set(wordings).size).toBe(operationNames.length);
    for (const wording of wordings) expect(wording).not.toMatch(/undefined|\n/);
    const withPath = operationNames.filter((op) => fieldsOf(op).some(([name]) => name === "path"));
    for (const op of withPath) expect(phrase(some(op, {}))).toContain("/some/where");
  });
});
