import type { Digest } from "@isoline/core/digest";
import type { Actor, Event, Operation, Subject } from "@isoline/core/event";
import { DEFAULT_POLICY } from "@isoline/core/identity";
import { describe, expect, it } from "vitest";
import { compileRules } from "./compile.ts";
import { ALL_FS, ALL_NET, namesOf, scopes } from "./rights.ts";
import type { LandlockRules } from "./rules.ts";

const places = { cwd: "/home/ann/app", home: "/home/ann", temp: ["/tmp"], uid: 1000 };
const policy = { pseudonyms: [], iouring: "refuse" } as const;
const credentials = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const actor: Actor = { task: "0".repeat(64) as Digest, parent: "0".repeat(64) as Digest, credentials };
const act = <O extends Operation>(op: O, subject: Subject<O>): Event => ({ op, actor, subject }) as unknown as Event;

const owned = { uid: 0, gid: 0, fs: "disk" };
const regular = { mode: 0o100644, ...owned };
const directory = { mode: 0o040755, ...owned };
const open = (access: string, path: string, mode = 0o100644) => act("open", { access, path, mode, ...owned });
const create = (path: string, access = "write") => act("create", { access, path, mode: 0o600 });
const rename = (path: string, to: string, replaces = "no", kind = regular) =>
  act("rename", { path, to, replaces, ...kind });
const endpoint = (op: "bind" | "connect" | "send" | "listen", family: string, type: string, address: string) =>
  act(op, { family, type, address });

const compile = (...events: Event[]): LandlockRules => compileRules(events, places, policy);
/** Rules as text: `path: rights`, with `path/` for a directory and `?` after a path that the namespace itself creates. */
const shown = (...events: Event[]): string[] =>
  compile(...events).files.map(
    ({ path, on, access, appears }) =>
      `${path}${on === "directory" ? "/" : ""}${appears ? "?" : ""}: ${namesOf(access)}`,
  );

describe("what each operation needs", () => {
  it("exec: the program, its interpreters and its loader are read and executed", () => {
    const loader = ["/bin/sh@" + "a".repeat(64), "/lib/ld@1/ld.so@?"];
    expect(shown(act("exec", { path: "/usr/bin/tool", mode: 0o100755, ...owned, loader }))).toEqual([
      "/bin/sh: execute, read-file",
      "/lib/ld@1/ld.so: execute, read-file",
      "/usr/bin/tool: execute, read-file",
    ]);
  });

  it.each([
    ["read", "read-file"],
    ["write", "write-file, truncate"],
    ["read,write", "write-file, read-file, truncate"],
    ["write,append", "write-file, truncate"],
    ["write,truncate", "write-file, truncate"],
    ["read,truncate", "read-file, truncate"],
  ])("open for %s: %s, because a task that may write may call ftruncate, which is not mediated", (access, rights) => {
    expect(shown(open(access, "/srv/x"))).toEqual([`/srv/x: ${rights}`]);
  });

  it("open of a directory, of a device, and of a mere path", () => {
    expect(shown(open("read", "/srv", 0o040755))).toEqual(["/srv/: read-dir"]);
    expect(shown(open("read,write", "/dev/null", 0o020666))).toEqual(["/dev/null: write-file, read-file"]);
    expect(shown(open("path", "/srv/x"))).toEqual([]);
  });

  it("a directory of a store's fan-out: to list it is no event", () => {
    expect(shown(act("mkdir", { path: "$CWD/objects/$hash", mode: 0o755 }))).toEqual([
      "/home/ann/app/objects/: read-dir, make-dir",
    ]);
  });

  it("a file that malloc reads is no event either, unless the policy counts it", () => {
    const files = (allocator: boolean) => {
      const rules = { ...DEFAULT_POLICY.rules, allocator };
      return compileRules([], places, { ...policy, rules }).files.map(({ path, access }) => [path, namesOf(access)]);
    };
    expect(files(true)).toContainEqual(["/proc/sys/vm/overcommit_memory", "read-file"]);
    expect(files(true)).toHaveLength(3);
    expect(files(false)).toEqual([]);
  });

  it("a new terminal: its other side is opened by an ioctl that is not mediated", () => {
    expect(shown(open("read,write", "/dev/ptmx", 0o020666))).toContain("/dev/pts/: write-file, read-file");
  });

  it("create: the directory gets the right to a new file, and the file gets its rights once it exists", () => {
    expect(shown(create("/srv/x"))).toEqual(["/srv/: make-reg", "/srv/x?: write-file, truncate"]);
  });

  it("create without a name: nothing is made in the directory", () => {
    expect(shown(create("/srv/#unnamed", "read,write"))).toEqual(["/srv/: write-file, read-file, truncate"]);
  });

  it.each([
    [act("mkdir", { path: "/srv/d", mode: 0o700 }), ["/srv/: make-dir"]],
    [act("symlink", { path: "/srv/l", content: "x" }), ["/srv/: make-sym"]],
    [act("mknod", { path: "/srv/f", mode: 0o010600, device: "-" }), ["/srv/: make-fifo"]],
    [act("mknod", { path: "/srv/c", mode: 0o020600, device: "1:3" }), ["/srv/: make-char"]],
    [act("mknod", { path: "/srv/w", mode: 0o020600, device: "0:0" }), ["/srv/: make-char, make-reg"]],
    [act("unlink", { path: "/srv/x", ...regular }), ["/srv/: remove-file"]],
    [act("rmdir", { path: "/srv/d", ...directory }), ["/srv/: remove-dir, remove-file"]],
    [act("truncate", { path: "/srv/x", ...regular }), ["/srv/x: truncate"]],
    [endpoint("bind", "unix", "stream", "/srv/s"), ["/srv/: make-sock"]],
    [endpoint("connect", "unix", "stream", "/run/s"), []],
    [act("map", { access: "execute", path: "/lib/c.so", ...regular }), []],
    [act("chmod", { path: "/srv/x", ...regular, to: 0o755 }), []],
  ])("$op", (event, rules) => {
    expect(shown(event)).toEqual(rules);
  });

  it("rename in one directory: a file is removed and one of its type is created", () => {
    expect(shown(rename("/srv/a", "/srv/b"))).toEqual(["/srv/: remove-file, make-reg"]);
    expect(shown(rename("/srv/a", "/srv/b", "yes", directory))).toEqual(["/srv/: remove-dir, make-dir"]);
    expect(compile(rename("/srv/a", "/srv/b")).moves).toEqual([]);
  });

  it("rename to another directory: both must permit it, and no file may gain rights by it", () => {
    const rules = compile(rename("/srv/a/x", "/srv/b/x", "yes"));
    expect(rules.files.map(({ path, access }) => `${path}: ${namesOf(access)}`)).toEqual([
      "/srv/a: remove-file, refer",
      "/srv/b: remove-file, make-reg, refer",
    ]);
    expect(rules.moves.map(({ from, to, rights }) => [from.path, to.path, namesOf(rights)])).toEqual([
      ["/srv/a", "/srv/b", "execute, write-file, read-file, truncate"],
    ]);
  });

  it("an exchange goes both ways", () => {
    const rules = compile(rename("/srv/a/x", "/srv/b/y", "exchange"));
    expect(rules.moves.map(({ from, to }) => [from.path, to.path])).toEqual([
      ["/srv/a", "/srv/b"],
      ["/srv/b", "/srv/a"],
    ]);
  });

  it("a link keeps its source where it is", () => {
    const rules = compile(act("link", { path: "/srv/a/x", to: "/srv/b/y", ...regular }));
    expect(rules.files.map(({ path, access }) => `${path}: ${namesOf(access)}`)).toEqual([
      "/srv/a: refer",
      "/srv/b: make-reg, refer",
    ]);
    expect(rules.moves.map(({ from, to }) => [from.path, from.on, to.path])).toEqual([["/srv/a/x", "file", "/srv/b"]]);
  });
});

describe("names that do not stay with one file", () => {
  it("a file that may be replaced: its rights belong to the directory", () => {
    expect(shown(open("read", "/srv/data"), rename("/srv/data.new", "/srv/data", "yes"))).toEqual([
      "/srv/: read-file, remove-file, make-reg",
    ]);
  });

  it("a directory that may be removed: rights on everything below it belong to its parent", () => {
    const rules = shown(open("read", "$CWD/build/a/b.js"), act("rmdir", { path: "$CWD/build", ...directory }));
    expect(rules).toEqual(["/home/ann/app/: read-file, remove-dir, remove-file"]);
  });

  it("a directory that is created and stays: rights on it and below it wait until it exists", () => {
    const rules = shown(act("mkdir", { path: "$CWD/out", mode: 0o700 }), open("read", "$CWD/out/x"));
    expect(rules).toEqual(["/home/ann/app/: make-dir", "/home/ann/app/out/x?: read-file"]);
  });

  it("random names: rights for the directory, and a note that says for which name", () => {
    const rules = compile(create("$TMP/{gcc#1}.s"), open("read", "$TMP/{gcc#1}.s"));
    expect(rules.files.map(({ path, on, access }) => [path, on, namesOf(access)])).toEqual([
      ["/tmp", "directory", "write-file, read-file, make-reg, truncate"],
    ]);
    expect(rules.notes.join("\n")).toContain(
      "beneath /tmp: write-file, read-file, truncate; for names that are not fixed: $TMP/{gcc#1}.s",
    );
  });

  it("no note if nothing is widened", () => {
    expect(compile(open("read", "/etc/passwd")).notes.join("\n")).not.toContain("beneath");
  });
});

describe("places that are unknown", () => {
  it("a file opened by handle: its place is unknown, so reading is not restricted anywhere", () => {
    const rules = compile(open("read", "?by-handle", 0));
    expect(namesOf(ALL_FS & ~rules.handledFs)).toBe("read-file, read-dir");
    expect(rules.notes.join("\n")).toContain("read-file is not restricted: the place of ?by-handle is not known");
  });

  it("pipes, sockets and memory files need no rule", () => {
    const rules = compile(
      open("read", "pipe:", 0o010600),
      open("read", "memfd:x"),
      open("read", "anon:eventfd", 0o600),
    );
    expect(rules.files).toEqual([]);
    expect(rules.handledFs).toBe(ALL_FS);
  });

  it("a handler of foreign programs may be any file", () => {
    const rules = compile(act("exec", { path: "/srv/tool", mode: 0o100755, ...owned, loader: ["?binfmt"] }));
    expect(namesOf(ALL_FS & ~rules.handledFs)).toBe("execute, read-file");
  });
});

describe("events that Landlock would refuse in any case", () => {
  it.each([
    act("mount", { call: "mount", source: "none", path: "/mnt", type: "tmpfs", flags: 0n, options: [] }),
    act("umount", { path: "/mnt", flags: 0 }),
    act("pivot", { path: "/mnt", old: "/mnt/old" }),
    act("chroot", { path: "/srv/jail" }),
    act("namespace", { call: "setns", kinds: "mount" }),
    act("namespace", { call: "setns", kinds: "any" }),
    act("ptrace", { request: "attach", relation: "outside" }),
    act("vm", { access: "read", relation: "outside" }),
    act("getfd", { relation: "outside" }),
    act("perf", { type: "software", relation: "outside" }),
    open("read", "/proc/$other/environ"),
    open("read", "/proc/$other/task/$tid/maps"),
    open("read", "/proc/$other/fd", 0o040500),
    rename("/srv/a", "?task-closed-to-sensor", "?"),
    rename("$NOBODY/a", "/srv/b"),
  ])("$op $subject: Landlock is not used, and the reason is given", (event) => {
    const rules = compile(event);
    expect(rules.usable).toBe(false);
    expect(rules.reasons).toHaveLength(1);
  });

  it.each([
    act("chroot", { path: "/" }),
    act("namespace", { call: "unshare", kinds: "mount,user" }),
    act("namespace", { call: "setns", kinds: "net" }),
    act("ptrace", { request: "traceme", relation: "outside" }),
    act("ptrace", { request: "attach", relation: "child" }),
    act("iouring", {}),
    open("read", "/proc/$other/stat"),
    open("read", "/proc/$self/environ"),
  ])("$op $subject is not an obstacle", (event) => {
    expect(compile(event)).toMatchObject({ usable: true, reasons: [] });
  });

  it("io_uring, if the policy permits it: its submissions are not on the contour", () => {
    expect(compileRules([act("iouring", {})], places, { ...policy, iouring: "allow" }).usable).toBe(false);
  });
});

describe("TCP ports", () => {
  it("by port, whatever the address", () => {
    const rules = compile(
      endpoint("bind", "inet", "stream", "127.0.0.1:8080"),
      endpoint("bind", "inet6", "stream", "[::]:443"),
      endpoint("connect", "inet", "stream", "93.184.216.34:443"),
      endpoint("send", "inet", "stream", "10.0.0.1:80"),
      endpoint("connect", "inet", "dgram", "10.0.0.1:53"),
      endpoint("listen", "inet", "stream", "127.0.0.1:8080"),
    );
    expect(rules).toMatchObject({ tcpBind: [443, 8080], tcpConnect: [80, 443], handledNet: ALL_NET });
  });

  it("no TCP on the contour: none at all", () => {
    expect(compile()).toMatchObject({ tcpBind: [], tcpConnect: [], handledNet: ALL_NET });
  });

  it("a port that the kernel chooses: a bind to it can be restricted, a connect cannot", () => {
    const rules = compile(
      endpoint("bind", "inet", "stream", "127.0.0.1:0"),
      endpoint("connect", "inet", "stream", "127.0.0.1:$own"),
    );
    expect(rules).toMatchObject({ tcpBind: [0], tcpConnect: [], handledNet: 1 });
    expect(rules.notes.join("\n")).toContain("TCP connect is not restricted: the port of 127.0.0.1:$own");
  });

  it("an address without a family is IPv4 to bind", () => {
    expect(compile(endpoint("bind", "unspec", "stream", "1f9000000000")).tcpBind).toEqual([8080]);
  });

  it("a socket that could not be read: every right", () => {
    expect(compile(endpoint("connect", "?", "?", "?task-closed-to-sensor"))).toMatchObject({
      handledNet: 1,
      scoped: scopes.signal,
    });
  });
});

describe("scopes that reach outside", () => {
  it("none, if no point needs them", () => {
    const rules = compile(act("kill", { signal: 15, relation: "child" }), endpoint("bind", "unix", "stream", "@own"));
    expect(rules.scoped).toBe(scopes.signal | scopes["abstract-unix-socket"]);
  });

  it.each(["outside", "own-group", "everyone", "outside-group", "namespace-group"])("signals to %s", (relation) => {
    expect(compile(act("kill", { signal: 15, relation })).scoped).toBe(scopes["abstract-unix-socket"]);
  });

  it.each(["@/tmp/.X11-unix/X0", "$@{bus#1}", "$autobind"])("abstract socket %s", (address) => {
    expect(compile(endpoint("connect", "unix", "stream", address)).scoped).toBe(scopes.signal);
    expect(compile(endpoint("send", "unix", "dgram", address)).scoped).toBe(scopes.signal);
  });
});
