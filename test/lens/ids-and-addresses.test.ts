import { LAUNCH_USER } from "@isoline/core/event";
import { DEFAULT_POLICY, EXACT_POLICY, parsePolicy } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import { ann, Namespace } from "./namespace.ts";

const node = (machine = ann, policy = DEFAULT_POLICY) => new Namespace(machine, policy).process(0, "node");
const without = (rule: string) => parsePolicy({ rules: { [rule]: false } });

describe("the launching user", () => {
  const file = (uid: number, gid: number) => ({ path: "/x", mode: 0o100644, uid, gid, fs: "disk" });

  test("is user, in the actor and in the subject", () => {
    const event = node().level("chown", { ...file(1000, 1000), owner: 1000, group: 1000 });
    const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid } = event.actor.credentials;
    expect([uid, euid, suid, fsuid, gid, egid, sgid, fsgid]).toEqual(Array.from({ length: 8 }, () => LAUNCH_USER));
    expect(event.subject).toMatchObject({ uid: LAUNCH_USER, gid: LAUNCH_USER, owner: LAUNCH_USER, group: LAUNCH_USER });
  });

  test("user and group are separate", () => {
    const process = node({ ...ann, uid: 1000, gid: 100 });
    expect(process.does("chown", { ...file(100, 1000), owner: 1000, group: 100 })).toContain(
      "uid=100 gid=1000 fs=disk owner=user group=user",
    );
  });

  test("root is root", () => {
    const process = node({ ...ann, uid: 0, gid: 0 });
    const event = process.level("chown", { ...file(0, 0), owner: 1000, group: 0 });
    expect(event.actor.credentials.uid).toBe(0);
    expect(event.subject).toMatchObject({ uid: 0, gid: 0, owner: 1000, group: 0 });
  });

  test("other ids stay, and nobody (65534) does not pass for the launching user", () => {
    expect(node().does("chown", { ...file(1001, 0), owner: 0xffff_ffff, group: LAUNCH_USER })).toContain(
      "uid=1001 gid=0 fs=disk owner=4294967295 group=4294967295",
    );
    expect(
      node(ann, without("launch-user")).does("chown", { ...file(LAUNCH_USER, 0), owner: 0, group: 0 }),
    ).not.toContain("user");
  });

  test("in calls that set ids, by the ids that the call sets", () => {
    const process = node({ ...ann, uid: 1000, gid: 100 });
    expect(process.does("setid", { call: "setresuid", ids: ["1000", "100", "0"] })).toContain("ids=user,100,0");
    expect(process.does("setid", { call: "setresgid", ids: ["1000", "100", "-1"] })).toContain("ids=1000,user,-1");
    expect(process.does("setid", { call: "setgroups", ids: ["100", "27"] })).toContain("ids=user,27");
    expect(process.does("setid", { call: "setuid", ids: ["01000"] })).toContain("ids=01000");
  });

  test("can be left alone", () => {
    const event = node(ann, without("launch-user")).level("chown", { ...file(1000, 1000), owner: 1000, group: 1000 });
    expect(event.actor.credentials.uid).toBe(1000);
    expect(event.subject).toMatchObject({ uid: 1000, owner: 1000 });
  });
});

describe("ports", () => {
  test.each([
    ["connect", "127.0.0.1:43211", "127.0.0.1:$own"],
    ["connect", "127.1.2.3:43212", "127.1.2.3:$own"],
    ["connect", "[::1]:43211", "[::1]:$own"],
    ["connect", "[::ffff:127.0.0.1]:43211", "[::ffff:127.0.0.1]:$own"],
    ["listen", "0.0.0.0:43211", "0.0.0.0:$own"],
    ["listen", "[::]:43211", "[::]:$own"],
    ["connect", "10.0.0.1:43211", "10.0.0.1:43211"],
    ["connect", "[fe80::1]:43211", "[fe80::1]:43211"],
    ["connect", "127.0.0.1:43213", "127.0.0.1:43213"],
    ["bind", "127.0.0.1:0", "127.0.0.1:0"],
    ["connect", "127.0.0.1:8080", "127.0.0.1:8080"],
    ["connect", "127.0.0.1:40000", "127.0.0.1:40000"],
    ["send", "127.0.0.1:40000", "127.0.0.1:$ephemeral"],
    ["send", "127.0.0.1:40001", "127.0.0.1:$foreign"],
    ["accept", "[::1]:32768", "[::1]:$ephemeral"],
    ["accept", "127.0.0.1:43211", "127.0.0.1:$own"],
    ["send", "127.0.0.1:32767", "127.0.0.1:32767"],
    ["send", "127.0.0.1:61000", "127.0.0.1:61000"],
    ["send", "10.0.0.1:40000", "10.0.0.1:40000"],
    ["send", "127.0.0.1:040000", "127.0.0.1:040000"],
    ["connect", "netlink:0000", "netlink:0000"],
    ["connect", "", ""],
  ] as const)("%s %s is %s", (op, address, expected) => {
    expect(node().address(op, address)).toBe(expected);
  });

  test("can be left alone", () => {
    expect(node(ann, without("own-port")).address("connect", "127.0.0.1:43211")).toBe("127.0.0.1:43211");
    expect(node(ann, without("ephemeral-port")).address("send", "127.0.0.1:40000")).toBe("127.0.0.1:40000");
  });
});

describe("device numbers", () => {
  const make = (mode: number, policy = DEFAULT_POLICY) =>
    node(ann, policy)
      .does("mknod", { path: "/x", mode, device: "8:1" })
      .replace(/^.* device=/, "");

  test.each([
    ["a pipe", 0o010600, "-"],
    ["a socket", 0o140600, "-"],
    ["a regular file", 0o100600, "-"],
    ["a character device", 0o020600, "8:1"],
    ["a block device", 0o060600, "8:1"],
    ["a node of no type", 0o000600, "8:1"],
  ])("%s", (_, mode, expected) => {
    expect(make(mode)).toBe(expected);
    expect(make(mode, EXACT_POLICY)).toBe("8:1");
    expect(make(mode, without("device"))).toBe("8:1");
  });
});

describe("names in a directory for temporary files that end in the user id", () => {
  test.each([
    ["/tmp/tmux-1000/default", "$TMP/{tmux-@user}/default"],
    ["/tmp/hsperfdata_ann", "$TMP/{hsperfdata_@user}"],
    ["/var/tmp/cache.ann/x", "$TMP/{cache.@user}/x"],
    ["/tmp/tmux-1001", "$TMP/tmux-1001"],
    ["/tmp/tmux-11000", "$TMP/tmux-11000"],
    ["/tmp/joann", "$TMP/joann"],
    ["/tmp/ann", "$TMP/ann"],
    ["/tmp/ann-x", "$TMP/ann-x"],
    ["/tmp/x/tmux-1000", "$TMP/x/tmux-1000"],
    ["/tmp/{x-1000", "$TMP/$literal:{x-1000"],
    ["/srv/tmux-1000", "/srv/tmux-1000"],
  ])("%s is %s", (path, expected) => {
    expect(node().sees(path)).toBe(expected);
  });

  test("are levelled however random they look, and for every creator", () => {
    const process = node();
    expect(process.makesDirectory("/tmp/session-1000", 0o700)).toBe("$TMP/{session-@user}");
    expect(process.sees("/tmp/session-1000/x")).toBe("$TMP/{session-@user}/x");
    expect(process.draws("/tmp/session-1000/abcdef")).toBe("$TMP/{session-@user}/{node#1}");
  });

  test("root's stay, and all of them without the rule", () => {
    expect(node({ ...ann, uid: 0, gid: 0, user: "root" }).sees("/tmp/tmux-0")).toBe("$TMP/tmux-0");
    expect(node({ ...ann, uid: 0, gid: 0, user: "root" }).sees("/tmp/x-root")).toBe("$TMP/x-root");
    expect(node(ann, without("launch-user")).sees("/tmp/tmux-1000")).toBe("$TMP/tmux-1000");
  });
});
