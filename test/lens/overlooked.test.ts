import type { Digest } from "@isoline/core/digest";
import { DEFAULT_POLICY, EXACT_POLICY, type Image, parsePolicy } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import { ann, Namespace } from "./namespace.ts";

const node = (machine = ann, policy = DEFAULT_POLICY) => new Namespace(machine, policy).process(0, "node");
const namespaceObject = (path: string) => node().object(path);
const without = (rule: string) => parsePolicy({ rules: { [rule]: false } });
const inScope = { ...ann, controlGroups: [{ mount: "/sys/fs/cgroup", group: "/sys/fs/cgroup/ci.scope" }] };

describe("acts that are no event", () => {
  const digest = "ab".repeat(32) as Digest;
  const images: readonly Image[] = [{ path: "$CWD/tool", digest }, { path: "/usr/bin/env" }];
  const overlooks = (op: "open" | "map" | "unlink", subject: object, policy = DEFAULT_POLICY) =>
    node(ann, policy).overlooks(op, { ...namespaceObject("/home/ann/app/tool"), ...subject }, { images });

  test.each([
    ["open", { access: "read" }, true],
    ["open", { access: "read,write" }, false],
    ["open", { access: "path" }, false],
    ["open", { access: "read", path: "/usr/bin/env" }, true],
    ["open", { access: "read", path: "/home/ann/tool" }, false],
    ["open", { access: "read", path: "/usr/bin/node" }, false],
    ["map", { access: "execute", digest }, true],
    ["map", { access: "write,execute", digest }, false],
    ["map", { access: "execute", digest: "cd".repeat(32) }, false],
    ["map", { access: "execute", path: "/usr/bin/env", digest }, false],
    ["map", { access: "execute" }, false],
    ["unlink", {}, false],
  ] as const)("a process that loaded $CWD/tool and env: %s %o is overlooked: %s", (op, subject, expected) => {
    expect(overlooks(op, subject)).toBe(expected);
    expect(overlooks(op, subject, without("own-image"))).toBe(false);
  });

  test("where content counts, it must be the content that was executed", () => {
    expect(overlooks("open", { access: "read", digest }, EXACT_POLICY)).toBe(true);
    expect(overlooks("open", { access: "read", digest: "cd".repeat(32) }, EXACT_POLICY)).toBe(false);
    expect(overlooks("open", { access: "read", path: "/usr/bin/env" }, EXACT_POLICY)).toBe(false);
  });

  test.each([
    ["/sys/devices/system/cpu/online", "sysfs", "read", true],
    ["/sys/devices/system/cpu/possible", "sysfs", "read", true],
    ["/sys/devices/system/cpu/online", "disk", "read", false],
    ["/sys/devices/system/cpu/online", "sysfs", "read,write", false],
    ["/sys/devices/system/cpu/cpu0/online", "sysfs", "read", false],
    ["/proc/sys/vm/overcommit_memory", "proc", "read", true],
    ["/proc/sys/vm/overcommit_memory", "sysfs", "read", false],
    ["/proc/sys/vm/overcommit_memory", "constructor", "read", false],
  ])("%s on %s for %s: %s", (path, fs, access, expected) => {
    expect(overlooks("open", { path, fs, access })).toBe(expected);
    expect(overlooks("open", { path, fs, access }, without("allocator"))).toBe(false);
  });

  test.each([
    ["/home", "path", true],
    ["/home/ann", "path", true],
    ["/home/ann/app", "path", true],
    ["/var/tmp", "path", true],
    ["/run/user/1000", "path", true],
    ["/home", "read", false],
    ["/home/ann/app/src", "path", false],
    ["/home/bob", "path", false],
    ["/sys/fs/cgroup", "path", false],
    ["/", "path", false],
  ])("%s opened as %s: %s", (path, access, expected) => {
    const directory = { path, access, mode: 0o040755 };
    expect(node(inScope).overlooks("open", { ...namespaceObject(path), ...directory })).toBe(expected);
    expect(node(inScope, without("way-down")).overlooks("open", { ...namespaceObject(path), ...directory })).toBe(
      false,
    );
    expect(node(inScope).overlooks("open", { ...namespaceObject(path), ...directory, mode: 0o100644 })).toBe(false);
  });

  test("it is counted", () => {
    const process = node();
    process.overlooks("open", { ...namespaceObject("/home/ann/app/tool"), access: "read" }, { images });
    expect(process.namespace.fired()).toMatchObject({ "own-image": 1 });
  });
});
