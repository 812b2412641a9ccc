import { describe, expect, it } from "vitest";
import { ALL_FS, FILE_RIGHTS, fsRights, namesOf } from "./rights.ts";
import type { FileRule, LandlockRules, Spot } from "./rules.ts";
import { type Look, settle } from "./settle.ts";

const READ = fsRights["read-file"];
const WRITE = fsRights["write-file"];

const onFile = (path: string, access: number, more: Partial<FileRule> = {}): FileRule => ({
  path,
  on: "file",
  access,
  appears: false,
  tried: false,
  ...more,
});
const onDirectory = (path: string, access: number, more: Partial<FileRule> = {}): FileRule => ({
  ...onFile(path, access, more),
  on: "directory",
});
const spot = (path: string): Spot => ({ path, on: "directory", appears: false });
const rules = (files: readonly FileRule[], moves: LandlockRules["moves"] = []): LandlockRules => ({
  usable: true,
  reasons: [],
  files,
  moves,
  tcpBind: [],
  tcpConnect: [],
  handledFs: ALL_FS,
  handledNet: 0,
  scoped: 0,
  notes: [],
});

/** A file system in which paths that end with a slash are directories. */
const holding =
  (...paths: string[]): Look =>
  (path) =>
    path === "/" || paths.includes(`${path}/`) ? "directory" : paths.includes(path) ? "file" : "missing";

const shown = (from: LandlockRules, look: Look, handled = ALL_FS) =>
  settle(from, handled, look).rules.map(({ path, access }) => `${path}: ${namesOf(access)}`);

describe("rules and existing files", () => {
  it("on the file itself", () => {
    expect(shown(rules([onFile("/srv/x", READ)]), holding("/srv/", "/srv/x"))).toEqual(["/srv/x: read-file"]);
  });

  it("a file that does not exist and will not be created gets no rule, with a note", () => {
    const { rules: found, notes } = settle(
      rules([onFile("/srv/x", READ), onFile("/srv/y", READ)]),
      ALL_FS,
      holding("/srv/"),
    );
    expect(found).toEqual([]);
    expect(notes).toEqual([
      "not there, and nothing on the contour makes it, so nothing is allowed there: /srv/x and 1 more",
    ]);
  });

  it("a file that will be created: its nearest existing directory gets the rights, with a note", () => {
    const { rules: found, notes } = settle(
      rules([onFile("/srv/out/d/x", WRITE, { appears: true })]),
      ALL_FS,
      holding("/srv/"),
    );
    expect(found).toMatchObject([{ path: "/srv", on: "directory", access: WRITE }]);
    expect(notes).toEqual(["beneath /srv: write-file; for what is not there yet: /srv/out/d/x"]);
  });

  it("a file that will be created but exists already: only the file gets the rights", () => {
    expect(shown(rules([onFile("/srv/x", WRITE, { appears: true })]), holding("/srv/", "/srv/x"))).toEqual([
      "/srv/x: write-file",
    ]);
  });

  it("a directory where a file was: reading that file must not become reading all below", () => {
    const { rules: found, notes } = settle(rules([onFile("/srv/x", READ)]), ALL_FS, holding("/srv/", "/srv/x/"));
    expect(found).toEqual([]);
    expect(notes).toEqual(["/srv/x: is a directory, not a file, so nothing is allowed there"]);
  });

  it("a file that must not be used gets no rule, and neither does its directory", () => {
    const look: Look = (path) => (path === "/srv/x" ? { refused: "a symbolic link stands in the way" } : "directory");
    const { rules: found, notes } = settle(rules([onFile("/srv/x", READ, { appears: true })]), ALL_FS, look);
    expect(found).toEqual([]);
    expect(notes).toEqual(["/srv/x: a symbolic link stands in the way, so nothing is allowed there"]);
  });

  it("a thousand unfit paths do not make a thousand notes", () => {
    const files = Array.from({ length: 1000 }, (_, index) => onDirectory(`/srv/${index}`, READ));
    expect(settle(rules(files), ALL_FS, (path) => (path === "/srv" ? "directory" : "file")).notes.length).toBeLessThan(
      20,
    );
  });

  it("no rule for rights that a directory above grants already", () => {
    const look = holding("/srv/", "/srv/x", "/srv/y");
    expect(
      shown(rules([onFile("/srv/x", READ), onFile("/srv/y", READ | WRITE), onDirectory("/srv", READ)]), look),
    ).toEqual(["/srv: read-file", "/srv/y: write-file, read-file"]);
  });

  it("rights that the kernel does not restrict need no rule", () => {
    expect(shown(rules([onFile("/srv/x", READ | WRITE)]), holding("/srv/x"), READ)).toEqual(["/srv/x: read-file"]);
  });
});

describe("files that move", () => {
  const look = holding("/a/", "/b/", "/c/");

  it("the source gets the rights of the target that apply to files", () => {
    const files = [onDirectory("/a", WRITE), onDirectory("/b", READ | fsRights["make-dir"])];
    expect(shown(rules(files, [{ from: spot("/a"), to: spot("/b"), rights: FILE_RIGHTS }]), look)).toEqual([
      "/a: write-file, read-file",
      "/b: read-file, make-dir",
    ]);
  });

  it("whatever the order of the moves", () => {
    const files = [onDirectory("/a", WRITE), onDirectory("/b", WRITE), onDirectory("/c", READ)];
    const [first, second] = [
      { from: spot("/a"), to: spot("/b"), rights: FILE_RIGHTS },
      { from: spot("/b"), to: spot("/c"), rights: FILE_RIGHTS },
    ];
    const wanted = ["/a: write-file, read-file", "/b: write-file, read-file", "/c: read-file"];
    expect(shown(rules(files, [first, second]), look)).toEqual(wanted);
    expect(shown(rules(files, [second, first]), look)).toEqual(wanted);
  });

  it("a target that took over rights of a file that does not exist yet counts with them", () => {
    const files = [onDirectory("/a", WRITE), onFile("/b/x", READ, { appears: true })];
    expect(shown(rules(files, [{ from: spot("/a"), to: spot("/b"), rights: FILE_RIGHTS }]), look)).toEqual([
      "/a: write-file, read-file",
      "/b: read-file",
    ]);
  });

  it("and a note says so", () => {
    const files = [onDirectory("/a", WRITE), onDirectory("/b", READ)];
    expect(
      settle(rules(files, [{ from: spot("/a"), to: spot("/b"), rights: FILE_RIGHTS }]), ALL_FS, look).notes,
    ).toEqual(["beneath /a: read-file; so that files may be moved or linked to: /b"]);
  });
});

describe("files that a task may try to execute", () => {
  const look = holding("/srv/", "/srv/x");
  const tried = (files: readonly FileRule[]) =>
    settle(rules(files), ALL_FS, look).rules.map(({ path, tried }) => [path, tried]);

  it("stay marked, even if a directory above grants reading", () => {
    expect(tried([onFile("/srv/x", READ, { tried: true }), onDirectory("/srv", READ)])).toEqual([
      ["/srv", false],
      ["/srv/x", true],
    ]);
  });

  it("unless they may be written, or executed anyway", () => {
    expect(tried([onFile("/srv/x", READ | WRITE, { tried: true })])).toEqual([["/srv/x", false]]);
    expect(tried([onFile("/srv/x", READ, { tried: true }), onDirectory("/srv", fsRights.execute)])).toEqual([
      ["/srv", false],
      ["/srv/x", false],
    ]);
  });
});
