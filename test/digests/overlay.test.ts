/** Digests of programs that containers on overlays share, since the files of an image lie in a layer once. */
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { has, isPlace, needs, pause, Place, textOf, truth } from "./place.ts";

const isHere = isPlace && readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n");

describe.skipIf(!isHere)(`containers on overlays (${needs}; a kernel with overlays)`, () => {
  const place = new Place();
  beforeEach(() => place.begin());
  afterAll(() => place.clear());

  const at = (name: string) => place.at(name);
  const merged = (name: string) => ({ root: at(name), rootPath: Buffer.from(at(name)) });
  const mounted: string[] = [];

  /** Two containers of one image. */
  const begin = async () => {
    for (const name of ["lower", "lower/bin", "base", "one", "other"]) mkdirSync(at(name));
    writeFileSync(at("lower/bin/program"), textOf("l"), { mode: 0o755 });
    await pause();
    for (const name of ["one", "other"]) {
      for (const part of ["upper", "work", "merged"]) mkdirSync(at(`${name}/${part}`));
      const layers = `lowerdir=${at("lower")}:${at("base")},upperdir=${at(`${name}/upper`)},workdir=${at(`${name}/work`)}`;
      execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, at(`${name}/merged`)]);
      mounted.push(at(`${name}/merged`));
    }
  };
  afterEach(() => {
    for (const directory of mounted.splice(0)) execFileSync("umount", ["-l", directory]);
  });
  const lookIn = (name: string) => place.look(at(`${name}/merged/bin/program`), merged(`${name}/merged`));

  it("a program of the image is hashed once for both, and beneath them", async () => {
    await begin();
    expect(lookIn("one")).toEqual(truth(at("lower/bin/program")));
    expect(lookIn("other")).toEqual(truth(at("lower/bin/program")));
    expect(place.look(at("lower/bin/program"))).toEqual(truth(at("lower/bin/program")));
    expect(place.counts).toEqual([1, 2]);
  });

  it("what one of them wrote is its own: hashed by it, not kept, and not seen by the other", async () => {
    await begin();
    lookIn("one");
    writeFileSync(at("one/merged/bin/program"), textOf("u"));
    await pause();
    expect(lookIn("one")).toEqual(truth(at("one/merged/bin/program")));
    expect(lookIn("other")).toEqual(truth(at("lower/bin/program")));
    expect(place.counts).toEqual([1, 1]);
  });

  it("what changed its attributes alone was copied, and is hashed", async () => {
    await begin();
    lookIn("one");
    chmodSync(at("one/merged/bin/program"), 0o700);
    await pause();
    expect(lookIn("one")).toEqual(truth(at("lower/bin/program")));
    expect(place.counts).toEqual([1, 0]);
  });

  it("a layer that is written to is not believed, whether it changed yet or not", async () => {
    await begin();
    lookIn("one");
    const writer = openSync(at("lower/bin/program"), "r+");
    lookIn("other");
    writeSync(writer, "written", 5);
    closeSync(writer);
    await pause();
    expect(lookIn("other")).toEqual(truth(at("lower/bin/program")));
    expect(place.counts[1]).toBe(0);
  });

  it.skipIf(!has("setfattr"))("a file that says that its content is elsewhere is hashed by each", async () => {
    await begin();
    execFileSync("setfattr", ["-n", "user.overlay.metacopy", at("lower/bin/program")]);
    await pause();
    lookIn("one");
    lookIn("other");
    expect(place.counts).toEqual([0, 0]);
  });

  it("an overlay whose root is another than the container's is not looked through", async () => {
    await begin();
    const seen = place.look(at("one/merged/bin/program"), {
      root: at("other/merged"),
      rootPath: Buffer.from(at("one/merged")),
    });
    expect(seen).toEqual(truth(at("lower/bin/program")));
    expect(place.counts).toEqual([0, 0]);
  });
});
