import { operationNames } from "@isoline/core/event";
import { changesNames, EXACT_POLICY, parsePolicy } from "@isoline/core/identity";
import { describe, expect, test } from "vitest";
import { ann, Namespace } from "./namespace.ts";

const start = () => {
  const namespace = new Namespace();
  return {
    namespace,
    gcc: namespace.process(0, "gcc"),
    as: namespace.process(1, "as"),
    node: namespace.process(2, "node"),
  };
};
const hex = "3f9a0b".repeat(22);

describe("a random name is replaced by its creator and the order of creation", () => {
  test("for the process that created it, and for every other", () => {
    const { gcc, as } = start();
    expect(gcc.draws("/tmp/ccX7a9Qq.s")).toBe("$TMP/{gcc#1}.s");
    expect(gcc.draws("/tmp/ccB0b1Zz.s")).toBe("$TMP/{gcc#2}.s");
    expect(gcc.draws("/tmp/ccC0c1Yy.o")).toBe("$TMP/{gcc#1}.o");
    expect(as.sees("/tmp/ccX7a9Qq.s")).toBe("$TMP/{gcc#1}.s");
    expect(as.sees("/tmp/ccB0b1Zz.s")).toBe("$TMP/{gcc#2}.s");
    expect(as.sees("/tmp/ccUnseen.s")).toBe("$TMP/ccUnseen.s");
  });

  test("also outside every token", () => {
    const { node, gcc } = start();
    expect(node.draws("/srv/data/upload-X7a9Qq12.bin")).toBe("$/srv/data/{node#1}.bin");
    expect(gcc.sees("/srv/data/upload-X7a9Qq12.bin")).toBe("$/srv/data/{node#1}.bin");
    expect(gcc.sees("/srv/data")).toBe("/srv/data");
  });

  test("below a random directory the other names stay, marked where necessary", () => {
    const { node, gcc } = start();
    expect(node.makesDirectory("/tmp/npm-X7a9Qq", 0o700)).toBe("$TMP/{node#1}");
    expect(node.creates("/tmp/npm-X7a9Qq/package.json")).toBe("$TMP/{node#1}/package.json");
    expect(gcc.sees("/tmp/npm-X7a9Qq/lib/index.js")).toBe("$TMP/{node#1}/lib/index.js");
    expect(gcc.sees("/tmp/npm-X7a9Qq/{gcc#1}.s")).toBe("$TMP/{node#1}/$literal:{gcc#1}.s");
  });

  test("different creators stay apart", () => {
    const { gcc, node } = start();
    expect(gcc.draws("/tmp/aaaaaa")).toBe("$TMP/{gcc#1}");
    expect(node.draws("/tmp/bbbbbb")).toBe("$TMP/{node#1}");
  });

  test("processes of the same program are counted separately, so that scheduling does not show", () => {
    const { namespace } = start();
    const [one, two] = [namespace.process(0, "cc1"), namespace.process(1, "cc1")];
    const names = [one.draws("/tmp/ccAAAAA1.s"), two.draws("/tmp/ccAAAAA2.s"), two.draws("/tmp/ccAAAAA3.s")];
    expect(names).toEqual(["$TMP/{cc1#1}.s", "$TMP/{cc1#1}.s", "$TMP/{cc1#2}.s"]);
  });

  test("directories are counted separately", () => {
    const { node } = start();
    expect(node.draws("/tmp/aaaaaa")).toBe("$TMP/{node#1}");
    expect(node.draws("/tmp/sub/aaaaaa")).toBe("$TMP/sub/{node#1}");
  });

  test("for any operation that creates a name", () => {
    const { node } = start();
    const object = node.object("/home/ann/app/x");
    expect(node.does("symlink", { path: "/tmp/X7a9Qq12", content: "x" })).toContain("path=$TMP/{node#1} ");
    expect(node.does("mknod", { path: "/tmp/Y7a9Qq12", mode: 0o10600, device: "0:0" })).toContain(
      "path=$TMP/{node#2} ",
    );
    expect(node.does("link", { ...object, to: "/tmp/Z7a9Qq12" })).toContain("to=$TMP/{node#3}");
    expect(node.address("bind", "/home/ann/app/V7a9Qq12.sock")).toBe("$CWD/{node#1}.sock");
    expect(node.address("connect", "/home/ann/app/V7a9Qq12.sock")).toBe("$CWD/{node#1}.sock");
  });

  test("a meaningful name stays", () => {
    const { node } = start();
    expect(node.creates("/tmp/result.json")).toBe("$TMP/result.json");
    expect(node.creates("/home/ann/app/dist/index.js")).toBe("$CWD/dist/index.js");
    expect(node.draws("/home/ann/.ssh/id_rsa")).toBe("$HOME/.ssh/id_rsa");
    expect(node.namespace.fired()["created"]).toBeUndefined();
  });

  test("a name that existed before stays, however random it looks", () => {
    const { node } = start();
    expect(node.sees("/home/ann/app/dist/chunk-7GQ3HV2X.js")).toBe("$CWD/dist/chunk-7GQ3HV2X.js");
  });

  test("a program with an odd name, or one that was itself created, keeps one name", () => {
    const { namespace } = start();
    const odd = namespace.process(0, "{npm#1}");
    expect(odd.draws("/tmp/aaaaaa")).toBe("$TMP/{{npm#1}#1}");
    const long = namespace.process(1, "x".repeat(300));
    expect(long.draws("/tmp/aaaaab")).toBe(`$TMP/{${"x".repeat(64)}#1}`);
  });
});

describe("numbers have a bound", () => {
  test("from the fourth on all are the same", () => {
    const { node } = start();
    const names = Array.from({ length: 100 }, (_, index) => node.draws(`/tmp/scratch${1000 + index}`));
    expect(new Set(names)).toEqual(new Set(["$TMP/{node#1}", "$TMP/{node#2}", "$TMP/{node#3}", "$TMP/{node#+}"]));
  });

  test("a process with several threads is not numbered: their order is the scheduler's", () => {
    const { node } = start();
    const draw = { exclusive: true, requestedMode: 0o600 };
    expect(node.creates("/tmp/aaaaaa", { ...draw, multithreaded: true })).toBe("$TMP/{node#+}");
    expect(node.creates("/tmp/bbbbbb", { ...draw, tid: node.pid + 1 })).toBe("$TMP/{node#+}");
    expect(node.creates("/tmp/cccccc", { ...draw, multithreaded: false })).toBe("$TMP/{node#1}");
    expect(node.sees("/tmp/aaaaaa")).toBe("$TMP/{node#+}");
  });

  test("a removed name gives its number back, however often", () => {
    const { node } = start();
    const names = new Set<string>();
    for (let round = 0; round < 1000; round += 1) {
      names.add(node.draws(`/tmp/scratch${1000 + round}.s`));
      names.add(node.unlinks(`/tmp/scratch${1000 + round}.s`));
    }
    expect([...names]).toEqual(["$TMP/{node#1}.s"]);
  });

  test("a new process with a reused id is counted anew, if the lens is told of its start", () => {
    const { namespace, node } = start();
    node.draws("/tmp/aaaaaa");
    namespace.leveller.processEnded(node.pid);
    expect(node.draws("/tmp/bbbbbb")).toBe("$TMP/{node#1}");
  });
});

describe("a name that is changed", () => {
  test("removed: the removal is levelled, and after it the name is free", () => {
    const { node, gcc } = start();
    node.draws("/tmp/qwerty");
    expect(gcc.unlinks("/tmp/qwerty")).toBe("$TMP/{node#1}");
    expect(gcc.sees("/tmp/qwerty")).toBe("$TMP/qwerty");
  });

  test("removed but still open: it keeps its old token", () => {
    const { node } = start();
    node.draws("/tmp/ffiAbCdEf");
    node.unlinks("/tmp/ffiAbCdEf");
    expect(node.does("map", { access: "exec", ...node.object("?deleted:/tmp/ffiAbCdEf") })).toContain(
      " path=?deleted:$TMP/{node#1} ",
    );
    node.draws("/tmp/other");
    node.does("rmdir", node.object("/tmp/other"));
    expect(node.sees("?deleted:/tmp/never")).toBe("?deleted:$TMP/never");
  });

  test("moved to a meaningful name: it has that name", () => {
    const { node, gcc } = start();
    node.creates("/home/ann/app/lock.json.3712749485");
    expect(node.renames("/home/ann/app/lock.json.3712749485", "/home/ann/app/lock.json")).toBe(
      "$CWD/{node#1} → $CWD/lock.json",
    );
    expect(gcc.sees("/home/ann/app/lock.json")).toBe("$CWD/lock.json");
    expect(gcc.sees("/home/ann/app/lock.json.3712749485")).toBe("$CWD/lock.json.3712749485");
  });

  test("moved to a random name: its token names the mover, and so do all names below it", () => {
    const { node, gcc } = start();
    node.makesDirectory("/home/ann/app/node_modules/foo");
    node.draws("/home/ann/app/node_modules/foo/tmpa1b2c3d4");
    expect(gcc.renames("/home/ann/app/node_modules/foo", "/home/ann/app/node_modules/.foo-X7a9Qq12")).toBe(
      "$CWD/node_modules/foo → $CWD/node_modules/{gcc#1}",
    );
    expect(node.sees("/home/ann/app/node_modules/.foo-X7a9Qq12/tmpa1b2c3d4")).toBe(
      "$CWD/node_modules/{gcc#1}/{node#1}",
    );
    expect(node.sees("/home/ann/app/node_modules/.foo-X7a9Qq12/index.js")).toBe("$CWD/node_modules/{gcc#1}/index.js");
  });

  test("exchanged: both names stay, and names below are then called by their real path", () => {
    const { node } = start();
    node.makesDirectory("/tmp/X7a9Qq12", 0o700);
    node.draws("/tmp/X7a9Qq12/abcdef");
    expect(node.renames("/tmp/X7a9Qq12", "/tmp/current", "exchange")).toBe("$TMP/{node#1} → $TMP/current");
    expect(node.sees("/tmp/current/abcdef")).toBe("$TMP/current/abcdef");
    expect(node.sees("/tmp/X7a9Qq12/abcdef")).toBe("$TMP/{node#1}/abcdef");
  });

  test.each(["yes", "?", "exchange"])(
    "moved over an existing name (%s): a planted name does not come to stand for what is there",
    (replaces) => {
      const { node } = start();
      node.makesDirectory("/tmp/trap");
      node.draws("/tmp/trap/.npmrc_auth");
      node.renames("/tmp/trap", "/home/ann", replaces);
      expect(node.sees("/home/ann/.npmrc_auth")).toBe("$HOME/.npmrc_auth");
    },
  );

  test("moved over a random name: its token names the creator of that name, however it looks", () => {
    const { node, gcc } = start();
    node.draws("/tmp/suite.XCSYZU");
    gcc.draws("/tmp/sedqwe");
    expect(gcc.renames("/tmp/sedqwe", "/tmp/suite.XCSYZU", "yes")).toBe("$TMP/{gcc#1} → $TMP/{node#1}");
    expect(node.sees("/tmp/suite.XCSYZU")).toBe("$TMP/{node#1}");
    expect(node.sees("/tmp/sedqwe")).toBe("$TMP/sedqwe");
    expect(node.draws("/tmp/another")).toBe("$TMP/{node#2}");
  });

  test("created again right after its removal: still random, by any operation", () => {
    const { namespace } = start();
    const git = namespace.process(0, "git");
    expect(git.draws("/srv/r/.git/tXyZ012")).toBe("$/srv/r/.git/{git#1}");
    expect(git.unlinks("/srv/r/.git/tXyZ012")).toBe("$/srv/r/.git/{git#1}");
    expect(git.does("symlink", { path: "/srv/r/.git/tXyZ012", content: "testing" })).toContain(
      "path=$/srv/r/.git/{git#1} ",
    );
  });

  test("created anew by another process: its token names that process", () => {
    const { node, gcc } = start();
    node.draws("/tmp/qwerty");
    expect(gcc.draws("/tmp/qwerty")).toBe("$TMP/{gcc#1}");
    expect(node.sees("/tmp/qwerty")).toBe("$TMP/{gcc#1}");
  });
});

describe("a refused event changes no names", () => {
  test("a creation", () => {
    const { namespace, node } = start();
    expect(node.draws("/tmp/qwerty")).toBe("$TMP/{node#1}");
    namespace.leveller.withdraw();
    expect(node.sees("/tmp/qwerty")).toBe("$TMP/qwerty");
    expect(node.draws("/tmp/asdfgh")).toBe("$TMP/{node#1}");
  });

  test("a removal", () => {
    const { namespace, node } = start();
    node.draws("/tmp/qwerty");
    node.unlinks("/tmp/qwerty");
    namespace.leveller.withdraw();
    expect(node.sees("/tmp/qwerty")).toBe("$TMP/{node#1}");
  });

  test("a move: a planted name does not come to stand for a file without a creator", () => {
    const { namespace, node } = start();
    node.makesDirectory("/tmp/trap");
    expect(node.draws("/tmp/trap/.npmrc_auth")).toBe("$TMP/trap/{node#1}");
    node.renames("/tmp/trap", "/home/ann");
    namespace.leveller.withdraw();
    expect(node.sees("/home/ann/.npmrc_auth")).toBe("$HOME/.npmrc_auth");
  });

  test("a move that the task makes itself, and the kernel may refuse: what was there before does not count as created", () => {
    const moves = (mayFail: boolean) => {
      const { node } = start();
      node.draws("/tmp/qwerty");
      const to = "/srv/deadbeef-0000-4372-a567-5ec2e7000001";
      const said = node.does("rename", { ...node.object("/tmp/qwerty"), to, replaces: "yes" }, { mayFail });
      expect(said).toContain(" to=$/srv/{node#1} ");
      return node.sees(to);
    };
    expect(moves(false)).toBe("$/srv/{node#1}");
    expect(moves(true)).toBe("/srv/deadbeef-0000-4372-a567-5ec2e7000001");
  });

  test("a name that may have been there before does not count as created", () => {
    const { node } = start();
    const at = { exclusive: true, requestedMode: 0o600, isUnproven: true };
    expect(node.creates("/tmp/upload-X7a9Qq12.bin", at)).toBe("$TMP/{node#1}.bin");
    expect(node.sees("/tmp/upload-X7a9Qq12.bin")).toBe("$TMP/upload-X7a9Qq12.bin");
    expect(node.draws("/tmp/upload-Y8b0Rr23.bin")).toBe("$TMP/{node#1}.bin");
  });

  test("withdrawing twice, or without an event, changes nothing", () => {
    const { namespace, node } = start();
    namespace.leveller.withdraw();
    node.draws("/tmp/qwerty");
    node.sees("/etc/passwd");
    namespace.leveller.withdraw();
    namespace.leveller.withdraw();
    expect(node.sees("/tmp/qwerty")).toBe("$TMP/{node#1}");
  });
});

describe("abstract socket names", () => {
  test("random ones by the process that bound them, for all processes; others in full", () => {
    const { node, gcc } = start();
    expect(node.address("bind", "@/tmp/dbus-X7a9Qq12")).toBe("$@/tmp/{node#1}");
    expect(gcc.address("connect", "@/tmp/dbus-X7a9Qq12")).toBe("$@/tmp/{node#1}");
    expect(node.address("bind", `@app-${node.pid}`)).toBe("$@{node#1}");
    expect(gcc.address("connect", "@/tmp/.X11-unix/X0")).toBe("@/tmp/.X11-unix/X0");
    expect(gcc.address("connect", "@{node#1}")).toBe("@{node#1}");
    expect(gcc.address("connect", "@")).toBe("@");
  });

  test("one that the namespace could not bind, because it is another program's, stays as it is where it is reached", () => {
    const { node } = start();
    node.address("bind", "@/tmp/dbus-Str4ng3r77");
    expect(node.address("connect", "@/tmp/dbus-Str4ng3r77")).toBe("@/tmp/dbus-Str4ng3r77");
    expect(node.address("send", "@/tmp/dbus-Str4ng3r77")).toBe("@/tmp/dbus-Str4ng3r77");
  });

  test("those the kernel chose", () => {
    const { node } = start();
    expect(node.address("bind", "@0a1f3")).toBe("$autobind");
    expect(node.address("connect", "@0a1f3")).toBe("$autobind");
    expect(node.address("connect", "@beef5")).toBe("@beef5");
    expect(node.address("connect", "@dead5")).toBe("@dead5");
    expect(node.address("connect", "@0a1f")).toBe("@0a1f");
    const off = new Namespace(ann, parsePolicy({ rules: { autobind: false } })).process(0, "node");
    expect(off.address("connect", "@0a1f3")).toBe("@0a1f3");
  });
});

describe("switches", () => {
  test("without created every name is literal, but content addresses are not", () => {
    const process = new Namespace(ann, parsePolicy({ rules: { created: false } })).process(0, "node");
    expect(process.draws("/tmp/X7a9Qq12")).toBe("$TMP/X7a9Qq12");
    expect(process.creates(`/srv/${hex.slice(0, 40)}`)).toBe("$/srv/$hash");
  });
  test("a time in a name: created by the namespace, or existing before", () => {
    const node = new Namespace(ann, parsePolicy({ rules: { created: false } })).process(0, "node");
    const [own, past] = ["/srv/log-20261124T142030.txt", "/srv/log-20261124T142031.txt"];
    expect(node.does("create", { access: "write", path: own, mode: 0 })).toContain("path=$/srv/{log-@time}.txt");
    expect(node.does("open", { access: "read", ...node.object(own) })).toContain("path=$/srv/{log-@time}.txt");
    expect(node.does("open", { access: "read", ...node.object(past) })).toContain("path=$/srv/{log-@past}.txt");
    node.does("unlink", node.object(own));
    expect(node.does("open", { access: "read", ...node.object(own) })).toContain("path=$/srv/{log-@past}.txt");
  });

  test("without content-address they are random names", () => {
    const process = new Namespace(ann, parsePolicy({ rules: { "content-address": false } })).process(0, "node");
    expect(process.creates(`/srv/${hex.slice(0, 40)}`)).toBe("$/srv/{node#1}");
    expect(process.makesDirectory("/srv/objects/3f")).toBe("/srv/objects/3f");
  });
  test("the exact lens levels names all the same", () => {
    const process = new Namespace(ann, EXACT_POLICY).process(0, "node");
    expect(process.draws("/tmp/X7a9Qq12")).toBe("$TMP/{node#1}");
  });
});

test("the operations that change names are listed", () => {
  expect(operationNames.filter(changesNames)).toEqual([
    "create",
    "unlink",
    "rmdir",
    "rename",
    "link",
    "symlink",
    "mkdir",
    "mknod",
    "bind",
  ]);
});
