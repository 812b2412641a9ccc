/** One container on two hosts with different storage drivers, identifiers and ids. */
import { describe, expect, test } from "vitest";
import { type Event } from "../../event/event.ts";
import { ZERO_DIGEST } from "../../digest.ts";
import type { CanisterPlaces, Launch } from "../launch.ts";
import { Leveller } from "../leveller.ts";
import type { Observation } from "../observation.ts";
import { DEFAULT_POLICY } from "../policy.ts";

const ids = ["3f5c".repeat(16), "90ab".repeat(16)] as const;

function levellerOf(canister: CanisterPlaces): Leveller {
  const launch: Launch = {
    cwd: "",
    home: "",
    temp: ["/tmp", "/var/tmp"],
    uid: -1,
    gid: -1,
    ephemeralPorts: [32768, 60999],
    canister,
  };
  return new Leveller(DEFAULT_POLICY, launch, {
    relationOf: (pid, actor) => (pid === actor ? "self" : "outside"),
    ownerIn: (pid, actor) => (pid === actor ? "self" : "outside"),
    isOwnPort: () => false,
    isOwnPeer: () => false,
    ownerOfName: () => "others",
  });
}

const none = { uid: [], gid: [] };
const hosts = ids.map((id, at): CanisterPlaces => {
  const storage = at === 0 ? `/var/lib/containers/storage/overlay/${id}/merged` : `/srv/vfs/dir/${id}`;
  return {
    id,
    directories: [
      { path: storage, token: "$ROOTFS" },
      { path: `/run/containers/${id}/userdata`, token: "$BUNDLE" },
      { path: at === 0 ? "/run/runc" : "/run/user/7/runc", token: "$STATE" },
    ],
    ids: none,
  };
});

const host: Observation = { pid: 7, tid: 7, program: "runc", atHostRoot: true };
const inside: Observation = { ...host, atHostRoot: false };
const actor = {
  task: ZERO_DIGEST,
  parent: ZERO_DIGEST,
  credentials: { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n },
};
const act = (op: string, subject: object) => ({ op, actor, subject }) as unknown as Event;
const opened = (path: string, more: object = {}) =>
  act("open", { access: "read", path, mode: 0o100644, uid: 0, gid: 0, fs: "disk", ...more });
const levelled = (canister: CanisterPlaces, event: Event, at: Observation) =>
  levellerOf(canister).level(event, at).subject as unknown as Record<string, unknown>;

describe.each([0, 1])("on host %i", (at) => {
  const canister = hosts[at] as CanisterPlaces;
  const [root, bundle, state] = canister.directories.map(({ path }) => path);

  test.each([
    [`${root}/dev/null`, "$ROOTFS/dev/null"],
    [`${root}`, "$ROOTFS"],
    [`${bundle}/config.json`, "$BUNDLE/config.json"],
    [`${state}/${canister.id}/state.json`, "$STATE/{@id}/state.json"],
    [`/sys/fs/cgroup/pids/libpod-${canister.id}.scope`, "$HOST/sys/fs/cgroup/pids/{libpod-@id.scope}"],
    ["/usr/sbin/runc", "$HOST/usr/sbin/runc"],
    [`/x${canister.id}x`, `$HOST/x${canister.id}x`],
    ["/", "$ABOVE"],
    ["/proc/7/maps", "$HOST/proc/$self/maps"],
    ["/odd/$HOST/{x}", "$HOST/odd/$literal:$HOST/$literal:{x}"],
  ])("the host's %s is %s", (path, expected) => {
    expect(levelled(canister, opened(path), host)["path"]).toBe(expected);
  });

  test.each(["/usr/sbin/runc", "/", "/root/.npmrc", "/proc/self-made", `${root}/dev`])(
    "the image's %s stays as it is",
    (path) => {
      expect(levelled(canister, opened(path), inside)["path"]).toBe(path);
    },
  );

  test("the runtime's own state is known from inside as well", () => {
    const path = `${state}/${canister.id}/exec.fifo`;
    expect(levelled(canister, opened(path), inside)["path"]).toBe("$STATE/{@id}/exec.fifo");
    expect(levelled(canister, opened(`?outside:${path}`), inside)["path"]).toBe("$STATE/{@id}/exec.fifo");
    expect(levelled(canister, opened("?outside:/etc/passwd"), inside)["path"]).toBe("?outside:/etc/passwd");
  });

  test("making what lies under the root file system private is one act, however often it is tried", () => {
    const mount = (path: string | undefined, flags: bigint) =>
      levelled(canister, act("mount", { call: "mount", source: "", path, type: "", flags }), host)["path"];
    expect(mount(root, 0x40000n)).toBe("$ROOTFS");
    expect(mount("/", 0x40000n)).toBe("$ROOTFS");
    expect(mount("/", 0x84000n)).toBe("$ABOVE");
  });

  test("the permissions of the root directory are left out, of others not", () => {
    const mode = (path: string, seen: Observation, bits: number) =>
      levelled(canister, opened(path, { mode: bits }), seen)["mode"];
    expect(mode("/", inside, 0o040555)).toBe(mode(root as string, host, 0o040755));
    expect(mode("/etc", inside, 0o040555)).toBe(0o040555);
    expect(mode("/", host, 0o040555)).toBe(0o040555);
  });
});

describe("a user namespace", () => {
  const uid = [{ container: 0, host: 100_000, count: 1000 }];
  const owned = { ...(hosts[0] as CanisterPlaces), ids: { uid, gid: [] } };
  const uidOf = (id: number, at: Observation) => levelled(owned, opened("/etc/x", { uid: id }), at)["uid"];

  test("gives ids as the container has them", () => {
    expect(uidOf(100_000, inside)).toBe(0);
    expect(uidOf(100_999, host)).toBe(999);
  });

  test("shows the host's own ids unchanged at the host's root, and as the overflow id inside", () => {
    expect(uidOf(0, host)).toBe(0);
    expect(uidOf(0, inside)).toBe(65_534);
    expect(uidOf(101_000, inside)).toBe(65_534);
  });
});

test("a signal that only interrupts is not an event of the runtime, but is one of the workload", () => {
  const leveller = levellerOf(hosts[0] as CanisterPlaces);
  const signal = (number: number, relation: string) => act("kill", { signal: number, relation });
  expect(leveller.overlooks(signal(23, "namespace"), host)).toBe(true);
  expect(leveller.overlooks(signal(23, "self"), inside)).toBe(true);
  expect(leveller.overlooks(signal(23, "namespace"), inside)).toBe(false);
  expect(leveller.overlooks(signal(15, "namespace"), host)).toBe(false);
});

describe("a signal", () => {
  const overlooks = (signal: number, relation: string, at: Observation) =>
    levellerOf(hosts[0] as CanisterPlaces).overlooks(act("kill", { signal, relation }), at);

  test.each([
    ["the runtime kills a process that it started", 9, "child", host, true],
    ["the runtime kills another process", 9, "outside", host, false],
    ["the runtime sends SIGTERM to a process that it started", 15, "child", host, false],
    ["the workload kills a child", 9, "child", inside, false],
    ["the runtime passes on the signal by which Go interrupts itself", 23, "child", host, true],
    ["the workload sends that signal to a child", 23, "child", inside, false],
  ] as const)("%s: signal %i to %s", (_, signal, relation, at, overlooked) => {
    expect(overlooks(signal, relation, at)).toBe(overlooked);
  });
});
