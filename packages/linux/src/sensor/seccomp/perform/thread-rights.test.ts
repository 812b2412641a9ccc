import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { gettid } from "../../../abi/libc.ts";
import { readThreadStatus } from "../../../process/proc-status.ts";
import { ThreadRights } from "./thread-rights.ts";

const isRoot = process.getuid?.() === 0;
const own = () => readThreadStatus(gettid()) as NonNullable<ReturnType<typeof readThreadStatus>>;
const before = own();
const rights = new ThreadRights();
const ordinary = {
  credentials: { ...before.credentials, fsuid: 1234, fsgid: 1235, capabilities: 0n },
  groups: [7, 1235],
};
const directory = mkdtempSync(join(tmpdir(), "isoline-rights-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("the rights of a thread", () => {
  it("are the supervisor's own as long as they are equal", () => {
    expect(rights.areThoseOf(before)).toBe(true);
    expect(rights.areThoseOf({ ...before, groups: [...before.groups, 4711] })).toBe(false);
    expect(rights.areThoseOf(ordinary)).toBe(false);
  });

  it("never exceed the supervisor's own", () => {
    const more = { ...before, credentials: { ...before.credentials, capabilities: 1n << 60n } };
    expect(rights.canBeThoseOf(more)).toBe(false);
  });

  it.skipIf(!isRoot)("are taken on completely, and given back (needs root)", () => {
    const seen = rights.as(ordinary, own);
    expect(seen.credentials).toEqual({ ...before.credentials, fsuid: 1234, fsgid: 1235, capabilities: 0n });
    expect(seen.groups).toEqual([7, 1235]);
    expect(own()).toEqual(before);
  });

  it.skipIf(!isRoot)("of a root with fewer capabilities are only those (needs root)", () => {
    const chown = 1n;
    const lesser = { ...before, credentials: { ...before.credentials, capabilities: chown } };
    expect(rights.as(lesser, own).credentials.capabilities).toBe(chown);
    expect(own()).toEqual(before);
  });

  it.skipIf(!isRoot)("are given back when the callback throws (needs root)", () => {
    const fail = () => rights.as(ordinary, () => openSync("/etc/shadow", "r"));
    expect(fail).toThrow(/EACCES/);
    expect(own()).toEqual(before);
    closeSync(openSync("/etc/shadow", "r"));
  });

  it("come with a umask that is given back as well", () => {
    const path = join(directory, "file");
    rights.under(0o137, () => writeFileSync(path, "", { mode: 0o666 }));
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(own().umask).toBe(before.umask);
  });
});
