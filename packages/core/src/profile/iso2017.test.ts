import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Contour } from "../contour/contour.ts";
import { parseExchangeLine } from "./exchange-line.ts";
import { iso2017 } from "./iso2017.ts";
import { TsemReader } from "./tsem-json.ts";

const fixture = readFileSync(new URL("./fixtures/iso-identity-2017.txt", import.meta.url), "utf8").split("\n");
const line = fixture.find((text) => text.startsWith("exchange ")) as string;
const answer = (name: string) =>
  fixture
    .find((text) => text.startsWith(name))
    ?.split(" ")
    .at(-1);

/** The event of the fixture as a TSEM kernel would export it. */
const exported = (type = "file_open", change: object = {}) =>
  JSON.stringify({
    event: { process: "swapper/0", type, task_id: "ab".repeat(32) },
    COE: {
      uid: "0",
      euid: "0",
      suid: "0",
      gid: "0",
      egid: "0",
      sgid: "0",
      fsuid: "0",
      fsgid: "0",
      capeff: "0x3fffffffff",
    },
    [type]: {
      file: {
        flags: "32800",
        inode: {
          uid: "0",
          gid: "0",
          mode: "0100755",
          s_magic: "0xef53",
          s_id: "xvda",
          s_uuid: "feadbeaffeadbeaffeadbeaffeadbeaf",
          ...change,
        },
        path: { type: "root", pathname: "/bin/bash-3.2.48" },
        digest: "d2a6bfe0d8a2346d45518dcaaf47642808d6c605506bd0b8e42a65a76735b98e",
      },
    },
  });

const empty = () => Contour.create({ profile: iso2017, policy: "{}" });

function add(contour: ReturnType<typeof empty>, text: string) {
  const record = new TsemReader(iso2017).read(text);
  if (record.kind !== "event") throw new Error(record.kind);
  return contour.add(record.event);
}

describe("the point of 2017", () => {
  test("of an event line of its own", () => {
    const contour = empty();
    expect(contour.add(parseExchangeLine(line)).point).toBe(answer("contour "));
    expect(contour.measurement()).toBe(answer("measurement "));
  });

  test("of the same event in the JSON of a TSEM kernel", () => {
    const contour = empty();
    contour.add(parseExchangeLine(line));
    expect(add(contour, exported())).toMatchObject({ point: answer("contour "), added: false });
  });

  test("knows neither operation nor task, but owner, mode, device and uuid", () => {
    const contour = empty();
    add(contour, exported());
    expect(add(contour, exported("file_ioctl")).added).toBe(false);
    for (const change of [
      { uid: "1" },
      { gid: "1" },
      { mode: "0100644" },
      { s_id: "sda1" },
      { s_uuid: "00".repeat(16) },
    ]) {
      expect(add(contour, exported("file_open", change)).added).toBe(true);
    }
  });

  test("is none for an event without a file, and the reason has a name", () => {
    const record = new TsemReader(iso2017).read(
      exported().replaceAll("file_open", "task_kill").replace('"file"', '"other"'),
    );
    expect(record).toEqual({ kind: "outside", reason: "iso2017 models accesses to files, not task_kill" });
  });
});

describe("an event line is refused", () => {
  test.each([
    ["whose name is not that of its path", line.replace("bash-3.2.48}", "bash-3.2.49}")],
    ["whose name length is another", line.replace("name_length=16", "name_length=17")],
    ["with a member missing", line.replace("gid=0, ", "")],
    ["with members in another order", line.replace("uid=0, euid=0", "euid=0, uid=0")],
    ["with a digest cut short", line.replace("98e}", "98}")],
    ["that goes on", `${line} `],
    ["that is empty", ""],
  ])("%s", (_what, text) => {
    expect(() => parseExchangeLine(text)).toThrow(expect.objectContaining({ code: "bad-trajectory" }));
  });
});
