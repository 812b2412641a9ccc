/** Names that are derived from content, and the texts of links to names. */
import { describe, expect, test } from "vitest";
import { Namespace } from "./namespace.ts";

const start = () => {
  const namespace = new Namespace();
  return { namespace, git: namespace.process(0, "git"), node: namespace.process(1, "node") };
};
const hex = "3f9a0b".repeat(22);

describe("names derived from content", () => {
  test("a new object in an old directory of the store looks like one in a new directory", () => {
    const { git } = start();
    const objects = "/home/ann/app/.git/objects";
    expect(git.makesDirectory(`${objects}/7c`)).toBe("$CWD/.git/objects/$hash");
    const make = (fan: string, name: string, draw: string) => [
      git.creates(`${objects}/${fan}/${draw}`, { exclusive: true, requestedMode: 0o444 }),
      git
        .does("link", { ...git.object(`${objects}/${fan}/${draw}`), to: `${objects}/${fan}/${name}` })
        .replace(/^.* to=/, ""),
      git.sees(`${objects}/${fan}/${name}`),
      git.unlinks(`${objects}/${fan}/${draw}`),
    ];
    const inNew = make("7c", hex.slice(0, 38), "tmp_obj_abcdef");
    const inOld = make("3f", hex.slice(1, 39), "tmp_obj_AbC12d");
    expect(inNew).toEqual([
      "$CWD/.git/objects/$hash/{git#1}",
      "$CWD/.git/objects/$hash/$hash",
      "$CWD/.git/objects/$hash/$hash",
      "$CWD/.git/objects/$hash/{git#1}",
    ]);
    expect(inOld).toEqual(inNew);
    expect(git.sees(`${objects}/3f`)).toBe("$CWD/.git/objects/3f");
    expect(git.sees(`${objects}/3f/${hex.slice(2, 40)}`)).toBe(`$CWD/.git/objects/3f/${hex.slice(2, 40)}`);
  });

  test("listing a fan-out directory is no event, if the namespace created it", () => {
    const { git, namespace } = start();
    const objects = "/home/ann/app/.git/objects";
    const lists = (path: string, access = "read", mode = 0o040755) =>
      git.overlooks("open", { ...git.object(path), access, mode });
    git.makesDirectory(`${objects}/17`);
    git.creates(`${objects}/17/${hex.slice(0, 38)}`);
    expect([lists(`${objects}/17`), lists(`${objects}/17`, "path"), lists(`${objects}/18`)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([lists(objects), lists(`${objects}/17/${hex.slice(0, 38)}`)]).toEqual([false, false]);
    expect(lists(`${objects}/17`, "read", 0o100644)).toBe(false);
    expect(namespace.fired()).toMatchObject({ "content-address": 3 });
    git.does("rmdir", git.object(`${objects}/17`));
    expect(lists(`${objects}/17`)).toBe(false);
  });

  test("packs keep the part that is not derived", () => {
    const { node } = start();
    const pack = `/home/ann/app/.git/objects/pack/pack-${hex.slice(0, 40)}`;
    expect(node.creates(`${pack}.pack`)).toBe("$CWD/.git/objects/pack/pack-$hash.pack");
    expect(node.creates(`${pack}.idx`)).toBe("$CWD/.git/objects/pack/pack-$hash.idx");
  });

  test("npm's cache", () => {
    const { node } = start();
    const cache = "/home/ann/.npm/_cacache";
    expect(node.creates(`${cache}/tmp/12345678`)).toBe("$HOME/.npm/_cacache/tmp/{node#1}");
    expect(node.makesDirectory(`${cache}/content-v2/sha512/ab`)).toBe("$HOME/.npm/_cacache/content-v2/sha512/$hash");
    expect(node.makesDirectory(`${cache}/content-v2/sha512/ab/cd`)).toBe(
      "$HOME/.npm/_cacache/content-v2/sha512/$hash/$hash",
    );
    expect(node.renames(`${cache}/tmp/12345678`, `${cache}/content-v2/sha512/ab/cd/${hex.slice(0, 124)}`)).toBe(
      "$HOME/.npm/_cacache/tmp/{node#1} → $HOME/.npm/_cacache/content-v2/sha512/$hash/$hash/$hash",
    );
    expect(node.creates("/home/ann/.npm/_logs/2026-11-24T14_20_30_123Z-debug-0.log")).toBe(
      "$HOME/.npm/_logs/{node#1}.log",
    );
  });

  test("two letters elsewhere are a language, not a hash", () => {
    const { node } = start();
    expect(node.makesDirectory("/home/ann/app/locale/de")).toBe("$CWD/locale/de");
  });
});

describe("link texts", () => {
  test("with the link's own name: called alike", () => {
    const { node } = start();
    const text = (content: string) =>
      node.does("symlink", { path: "/srv/d/Q7a9Qq12", content }).replace(/^.* content=/, "");
    expect(text("Q7a9Qq12")).toBe("{node#1}");
    expect(text("../Q7a9Qq12/x")).toBe("../{node#2}/x");
    expect(text("Q7a9Qq12x")).toBe("Q7a9Qq12x");
    expect(node.does("symlink", { path: "/srv/d/plain", content: "plain" })).toContain("content=plain");
  });

  const link = (content: string, path = "/tmp/links/current") => {
    const { node } = start();
    node.makesDirectory("/tmp/X7a9Qq12", 0o700);
    node.makesDirectory("/tmp/links/Y7a9Qq12", 0o700);
    return node.does("symlink", { path, content }).replace(/^.* content=/, "");
  };
  test.each([
    ["/home/ann/app/x", "$CWD/x"],
    ["/tmp/X7a9Qq12/x", "$TMP/{node#1}/x"],
    ["/usr/bin/x", "/usr/bin/x"],
    ["Y7a9Qq12/x", "{node#1}/x"],
    ["../X7a9Qq12/x", "../{node#1}/x"],
    ["../../tmp/X7a9Qq12", "../../tmp/{node#1}"],
    ["../../../../tmp/X7a9Qq12", "../../../../tmp/{node#1}"],
    ["../links/../X7a9Qq12", "../links/../X7a9Qq12"],
    ["X7a9Qq12", "X7a9Qq12"],
    ["libfoo.so.1.2", "libfoo.so.1.2"],
    ["$HOME/x", "$literal:$HOME/x"],
    ["{node#1}/x", "$literal:{node#1}/x"],
    ["?deleted:/home/ann/app/x", "?deleted:/home/ann/app/x"],
    ["", ""],
    [".", "."],
    ["..", ".."],
    ["../", "../"],
  ])("%j is %j", (content, expected) => {
    expect(link(content)).toBe(expected);
  });
});
