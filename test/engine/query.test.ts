/** Questions to a contour: what fits, what does not, and what is not a question. */
import { Query, queryContour } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connects, event, executes, learnt, node, npm, opens, sh } from "./workload.ts";

const plain = { mode: 0o100644, uid: 1000, gid: 1000, fs: "disk" };
const contour = learnt(
  executes(npm, "/usr/bin/sh"),
  executes(sh, "$TMP/{run#1}/tool"),
  opens(node, "$HOME/.npmrc"),
  opens(node, "$HOME/.bashrc", "write,append"),
  opens(sh, "$CWD/log", "read,write"),
  event(node, "rename", { ...plain, path: "$TMP/x", to: "$HOME/.ssh/authorized_keys", replaces: "no" }),
  event(node, "link", { ...plain, path: "$TMP/y", to: "$HOME/.ssh/config" }),
  event(node, "unlink", { ...plain, path: "$HOME/old" }),
  connects(node, "127.0.0.1:5432"),
  connects(node, "10.1.2.3:443"),
  connects(sh, "registry.example:443"),
  event(node, "connect", { family: "inet6", type: "stream", address: "[::ffff:7f00:1]:$ephemeral" }),
  event(node, "connect", { family: "unix", type: "stream", address: "/run/x.sock" }),
  event(node, "bind", { family: "inet", type: "stream", address: "0.0.0.0:8080" }),
);

const asked = (question: string) =>
  queryContour(contour, question)
    .flatMap(({ acts }) =>
      acts.map(({ act }) => act.split(" ").find((word) => /^(to|path|address)=/.test(word)) ?? act),
    )
    .toSorted();
const count = (question: string) => asked(question).length;

function codeOf(asks: () => unknown): string {
  try {
    asks();
    return "answered";
  } catch (fault) {
    return fault instanceof IsolineError ? fault.code : String(fault);
  }
}

describe("a question", () => {
  it.each([
    ["write path=$HOME/.ssh/", 2],
    ["write path=$HOME/**", 3],
    ["create write path=$HOME/.ssh/**", 2],
    ["create path=$HOME/.ssh/**", 0],
    ["read path=$HOME/.npmrc", 1],
    ["read path=$HOME/.npm", 0],
    ["path=**/authorized_keys", 1],
    ["delete", 2],
    ["connect address=outside", 2],
    ["connect address=loopback", 2],
    ["address=outside", 3],
    ["connect address=10.0.0.0/8", 2],
    ["connect address=10.1.2.3", 1],
    ["connect address=10.1.2.3:443", 1],
    ["connect address=127.0.0.0/8", 3],
    ["connect port=443", 3],
    ["connect port=400..500", 3],
    ["connect port!=443 address!=machine", 1],
    ["host=*.example", 1],
    ["exec path=$TMP/**", 1],
    ["exec path=$TMP/** program!=sh", 0],
    ["program=node connect", 4],
    ["program=/usr/bin/sh", 3],
    ["under=sh", 10],
    ["under=npm program=sh", 3],
    ["user=1000", 14],
    ["access=append", 1],
    ["access=write", 2],
    ["access=read,write", 1],
    ["mode=0100755", 2],
    ["credentials", 1],
    ["consequence=persistence", 3],
    ["e*", 2],
    ["connect connect", 5],
    ["to=$HOME/.ssh/*", 2],
  ])("%s: %d", (question, found) => {
    expect(count(question)).toBe(found);
  });

  it.each([
    ["read path=$CWD/up/photo-12.jpg", 1],
    ["read path=$CWD/up/photo-x.jpg", 0],
    ["read path=$CWD/up/photo-*.jpg", 1],
    ["read path=$CWD/up/", 1],
    ["read path=$TMP/cc3fGh.s", 1],
    ["read path=$TMP/cc3fGh.o", 0],
    ["read path=/proc/1234/maps", 1],
    ["read path=/proc/1234/mem", 0],
    ["read path=$CWD/data/a/b/c.txt", 1],
    ["read path=$CWD/other/a", 0],
    ["read path=$CWD/** path!=$CWD/up/photo-12.jpg path!=$CWD/data/x", 2],
  ])("a name that the lens levels may be the one that is asked for: %s", (question, count) => {
    const levelled = learnt(
      opens(node, "$CWD/up/{photo-<n>}.jpg"),
      opens(node, "$TMP/{gcc#1}.s"),
      opens(node, "/proc/$self/maps"),
      opens(node, "$CWD/data/{<tree>}"),
    );
    expect(queryContour(levelled, question).flatMap(({ acts }) => acts)).toHaveLength(count);
  });

  it.each([
    ["write path=$HOME/.ssh/", 3],
    ["write path=$HOME/.ssh/config", 2],
    ["write path=$HOME/.npmrc", 1],
    ["read path=/etc/shadow", 2],
    ["read path=/etc/", 2],
    ["read path=$CWD/jail/etc/", 2],
    ["read path!=/etc/shadow", 3],
    ["connect path=$CWD/x.sock", 2],
  ])("reaches into other roots and mounts, and what could be anywhere counts as found: %s", (question, count) => {
    const placed = learnt(
      opens(node, "$IN:$HOME//.ssh/config", "write"),
      opens(node, "?deleted:$HOME/.ssh/old", "write"),
      opens(node, "$IN:unknown//.ssh/x", "write"),
      opens(node, "$IN:/etc//shadow"),
      opens(node, "$IN:$CWD/jail//etc/shadow"),
      opens(node, "$IN:tmpfs/bwrap//etc/shadow"),
      opens(node, "?path-too-long"),
      event(node, "connect", { family: "unix", type: "stream", address: "$IN:$CWD//x.sock" }),
      event(node, "connect", { family: "unix", type: "stream", address: "?relative:x" }),
    );
    expect(queryContour(placed, question).flatMap(({ acts }) => acts)).toHaveLength(count);
  });

  it("is an act line as a contour has it, too", () => {
    for (const { acts } of queryContour(contour, "path=**"))
      for (const { act } of acts) expect(queryContour(contour, act)).not.toEqual([]);
  });

  it.each([
    "",
    "   ",
    "fly",
    "open colour=red",
    "path=",
    "path=a//b",
    "path=x**y",
    "path=$HOME/../x",
    "port=9..1",
    "port=a..b",
    "address=10.0.0.0/33",
    "address=host/8",
    "consequence=doom",
    "z*",
    "x ".repeat(65),
    `path=/${"a".repeat(2000)}`,
  ])("that is not understood is refused: %j", (question) => {
    expect(() => Query.parse(question)).toThrow(expect.objectContaining({ code: "bad-query" }));
  });

  it("of any words is answered or refused", () => {
    const word = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc
        .tuple(fc.constantFrom("path", "address", "port", "program", "to", "access", "user", "host"), fc.string())
        .map(([field, value]) => `${field}=${value}`),
      fc.constantFrom("open", "write", "credentials", "c*", "port=1..9", "path=**", "address!=outside"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        expect(codeOf(() => queryContour(contour, words.join(" ")))).toMatch(/^(answered|bad-query)$/);
      }),
    );
  });

  it("with many stars takes no longer for it", () => {
    const path = `$CWD/${"a".repeat(4000)}`;
    const long = learnt(opens(node, path));
    expect(queryContour(long, `path=$CWD/${"*a".repeat(500)}b`)).toEqual([]);
    expect(queryContour(long, `fs=${"*d".repeat(500)}`)).toEqual([]);
  });
});
