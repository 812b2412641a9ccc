/** Which departures are only an update of what was learnt, and which are new whatever was updated. */
import { Neighbourhood, Updates, updatesAmong } from "@isoline/core/engine";
import type { Event } from "@isoline/core/event";
import { deriveTask, type Task } from "@isoline/core/identity";
import { describe, expect, it } from "vitest";
import { connects, contentOf, event, executes, image, learnt, node, npm, opens, root, sh } from "./workload.ts";

const newNode = deriveTask(sh.id, [image("/usr/bin/node", "node 2"), image("/lib/ld.so")]);
const newSh = deriveTask(npm.id, [image("/usr/bin/sh", "sh 2")]);
const below = deriveTask(newSh.id, node.images);
const moved = deriveTask(sh.id, [image("/opt/node", "/usr/bin/node"), image("/lib/ld.so")]);

const library = (task: Task, path: string, content: string) =>
  event(task, "map", {
    access: "execute",
    path,
    mode: 0o100644,
    uid: 0,
    gid: 0,
    fs: "disk",
    digest: contentOf(content),
  });

const contour = learnt(
  executes(sh, "/usr/bin/node"),
  executes(npm, "/usr/bin/sh"),
  opens(node, "$CWD/a.js"),
  library(node, "/lib/libz.so", "z 1"),
  connects(node, "127.0.0.1:80"),
  event(sh, "kill", { signal: 15, relation: "descendant", target: node.id }),
);

function classify(departure: Event, ...unknown: readonly Task[]) {
  const updates = new Updates(new Neighbourhood(contour), (id) => unknown.find((task) => task.id === id));
  return updates.classify(departure);
}

const node2 = { path: "/usr/bin/node", from: contentOf("/usr/bin/node"), to: contentOf("node 2") };

describe("an update", () => {
  it.each<[string, Event, Task[]]>([
    ["the execution of another version", executes(sh, "/usr/bin/node", "node 2"), []],
    ["a file that it opens as before", opens(newNode, "$CWD/a.js"), [newNode]],
    ["a connection as before", connects(newNode, "127.0.0.1:80"), [newNode]],
    [
      "a signal to it as before",
      event(sh, "kill", { signal: 15, relation: "descendant", target: newNode.id }),
      [newNode],
    ],
  ])("is %s", (_, departure, unknown) => {
    expect(classify(departure, ...unknown)).toEqual({ class: "updated-program", contents: [node2], moves: [] });
  });

  it("of a shell covers what its unchanged children do", () => {
    expect(classify(opens(below, "$CWD/a.js"), newSh, below)).toMatchObject({
      class: "updated-program",
      contents: [{ path: "/usr/bin/sh" }],
    });
  });

  it("of a library is told by its path, and with its program's where both were replaced", () => {
    expect(classify(library(node, "/lib/libz.so", "z 2")).contents.map(({ path }) => path)).toEqual(["/lib/libz.so"]);
    expect(classify(library(newNode, "/lib/libz.so", "z 2"), newNode).contents.map(({ path }) => path)).toEqual([
      "/usr/bin/node",
      "/lib/libz.so",
    ]);
  });

  it("of the loader is one of every program that it loads", () => {
    const loader = [`/lib/ld.so@${contentOf("ld 2")}`];
    expect(classify(executes(sh, "/usr/bin/node", "/usr/bin/node", { loader })).contents).toEqual([
      { path: "/lib/ld.so", from: contentOf("/lib/ld.so"), to: contentOf("ld 2") },
    ]);
  });

  it("is not what an updated program never did", () => {
    expect(classify(opens(newNode, "$HOME/.ssh/id_ed25519"), newNode)).toMatchObject({
      class: "new",
      contents: [node2],
    });
    expect(classify(connects(newNode, "203.0.113.7:443"), newNode).class).toBe("new");
  });

  it.each<[string, Event]>([
    ["another mode", executes(sh, "/usr/bin/node", "node 2", { mode: 0o104755 })],
    ["another owner", executes(sh, "/usr/bin/node", "node 2", { uid: 0 })],
    ["another call", executes(sh, "/usr/bin/node", "node 2", { runs: ["text"] })],
    ["another place", executes(sh, "/tmp/node", "node 2")],
    [
      "content that is not known",
      {
        ...executes(sh, "/usr/bin/node"),
        subject: { ...executes(sh, "/usr/bin/node").subject, digest: undefined },
      } as Event,
    ],
  ])("is not an execution with %s as well", (_, departure) => {
    expect(classify(departure).class).toBe("new");
  });

  it("is not an act with other credentials", () => {
    const { op, subject } = opens(newNode, "$CWD/a.js");
    expect(classify(event(newNode, op as "open", subject as never, root), newNode).class).toBe("new");
  });

  it("is not what another program does under the name of a text that a shell was given", () => {
    const before = deriveTask(npm.id, [image("/usr/bin/sh")], { runs: [`text@${contentOf("echo")}`] });
    const after = deriveTask(npm.id, [image("/usr/bin/sh")], { runs: [`text@${contentOf("curl")}`] });
    const known = learnt();
    const open = Object.assign(known, {});
    expect(open.task(before.id)).toBeUndefined();
    expect(classify(opens(after, "$CWD/a.js"), after).class).toBe("new");
  });
});

describe("a renamed program", () => {
  it("has its content under another path, and does what it did", () => {
    const move = { from: "/usr/bin/node", to: "/opt/node" };
    expect(classify(executes(sh, "/opt/node", "/usr/bin/node"))).toEqual({
      class: "renamed-program",
      contents: [],
      moves: [move],
    });
    expect(classify(opens(moved, "$CWD/a.js"), moved)).toEqual({
      class: "renamed-program",
      contents: [],
      moves: [move],
    });
  });

  it("is not one that also changed", () => {
    const other = deriveTask(sh.id, [image("/opt/node", "node 2"), image("/lib/ld.so")]);
    expect(classify(opens(other, "$CWD/a.js"), other).class).toBe("new");
  });
});

describe("updates among departures", () => {
  const of = (departure: Event, ...unknown: Task[]) => classify(departure, ...unknown);

  it("are one where files were replaced together, and several where they were not", () => {
    const found = updatesAmong([
      of(executes(sh, "/usr/bin/node", "node 2")),
      of(library(newNode, "/lib/libz.so", "z 2"), newNode),
      of(executes(npm, "/usr/bin/sh", "sh 2")),
      of(opens(newNode, "$HOME/.ssh/id_ed25519"), newNode),
    ]);
    expect(found.map(({ contents, departures }) => [contents.map(({ path }) => path), departures.length])).toEqual([
      [["/usr/bin/node", "/lib/libz.so"], 2],
      [["/usr/bin/sh"], 1],
    ]);
  });
});
