import { describe, expect, it } from "vitest";
import { goesOn, optionsOf } from "./mount-options.ts";

/** The options of a mount, each path in brackets. */
function options(data: string, type = "overlay"): string[] {
  return optionsOf(Buffer.from(data, "latin1"), type, {
    path: (bytes) => `[${bytes.toString("latin1")}]`,
    descriptor: (fd) => `[${fd}]`,
  });
}

describe("options of an overlay", () => {
  it("end at each comma without a backslash, whatever quotes say", () => {
    expect(options('lowerdir=/a"b,upperdir=/up,workdir=/w"')).toEqual([
      'lowerdir=[/a"b]',
      "upperdir=[/up]",
      'workdir=[/w"]',
    ]);
    expect(options("lowerdir=/a\\,upperdir=/b,,workdir=/w")).toEqual(["lowerdir=[/a,upperdir=/b]", "workdir=[/w]"]);
  });

  it("lose their backslashes, also in front of a line feed, and a last one", () => {
    expect(options("upperdir=/d\\\nx,workdir=/d\\\rx\\")).toEqual(["upperdir=[/d\nx]", "workdir=[/d\rx]"]);
    expect(options("lowerdir=/a\\\n\\:b:/c\\:::/d\\")).toEqual(["datadir=[/d]", "lowerdir=[/a\n:b]", "lowerdir=[/c:]"]);
  });

  it("come after those for a security module, which may stand between quotes", () => {
    expect(options('context="u:r:t:s0:c1,c2",lowerdir=/a,seclabel')).toEqual([
      'context="u:r:t:s0:c1,c2"',
      "lowerdir=[/a]",
      "seclabel",
    ]);
  });

  it("name an object if they do under any security module", () => {
    // SELinux takes the context away, and the escaped comma is then followed by what came after it.
    expect(options("upperdir=/a\\,context=x,b")).toEqual(["context=x", "upperdir=[/a,b]", "upperdir=[/a,context=x]"]);
    expect(options("upperdir=/a\\,smackfsroot=x,b")).toEqual(["b", "upperdir=[/a,smackfsroot=x]", "upperdir=[/a,b]"]);
    expect(options('context="x,upperdir=/up",workdir=/w')).toEqual([
      'context="x,upperdir=/up"',
      'upperdir=[/up"]',
      "workdir=[/w]",
    ]);
  });

  it("may go on with what is set next, where a backslash is the last character", () => {
    expect(["lowerdir=/a\\", "upperdir=\\\\\\", "workdir=/\n\\"].filter(goesOn)).toHaveLength(3);
    expect(["lowerdir=/a\\\\", "lowerdir=\\a", "size=\\", "lowerdir"].filter(goesOn)).toEqual([]);
  });
});

describe("options of another file system", () => {
  it("end at each comma, after a backslash and between quotes as well", () => {
    expect(options('device=/a\\,device=/b,x="y,device=/c"', "btrfs")).toEqual([
      "device=[/a\\]",
      "device=[/b]",
      'device=[/c"]',
      'x="y',
    ]);
  });
});
