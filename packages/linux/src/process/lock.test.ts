import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lock, lockShared } from "./lock.ts";

const HOUR_MS = 3_600_000;

describe("a lock", () => {
  let place = "";
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-lock-"));
    writeFileSync(join(place, "file"), "");
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(place, { recursive: true, force: true });
  });

  it("is waited for, though the machine's clock is set forward meanwhile", async () => {
    const file = join(place, "file");
    const holder = spawn("flock", [file, "sh", "-c", "echo held; sleep 0.5"], { stdio: ["ignore", "pipe", "inherit"] });
    const ends = once(holder, "exit");
    await once(holder.stdout, "data");
    let now = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => {
      now += HOUR_MS;
      return now;
    });
    const fd = openSync(file, "r");
    expect(lock(fd, 60_000)).toBe(true);
    closeSync(fd);
    await ends;
  });

  it("that several share is not had by one alone until the last of them has let go", () => {
    const fds = [1, 2, 3].map(() => openSync(join(place, "file"), "r"));
    const [one = -1, other = -1, alone = -1] = fds;
    expect([lockShared(one, 0), lockShared(other, 0), lock(alone, 0)]).toEqual([true, true, false]);
    closeSync(one);
    expect(lock(alone, 0)).toBe(false);
    closeSync(other);
    expect(lock(alone, 0)).toBe(true);
    closeSync(alone);
  });

  it("that is not free in time is not had", () => {
    const [held, other] = [openSync(join(place, "file"), "r"), openSync(join(place, "file"), "r")];
    expect([lock(held, 0), lock(other, 20)]).toEqual([true, false]);
    for (const fd of [held, other]) closeSync(fd);
  });
});
