/** A file system whose times are whole seconds: two versions of a file that were written in the same second have the same time. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileKnowledge } from "../../packages/linux/src/sensor/files/knowledge.ts";
import { Found } from "../../packages/linux/src/sensor/files/found.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

const isThere = isRoot && isInstalled("mkfs.ext4") && isInstalled("losetup");
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(!isThere)("times of whole seconds (need root, mkfs.ext4, losetup)", () => {
  const directory = mkdtempSync(join(tmpdir(), "isoline-seconds-"));
  const mounted = join(directory, "mounted");
  let device = "";
  beforeAll(() => {
    const image = join(directory, "image");
    const sh = (script: string) => execFileSync("sh", ["-c", script], { stdio: "pipe", encoding: "utf8" });
    mkdirSync(mounted);
    sh(`truncate -s 4M ${image} && mkfs.ext4 -q -I 128 -O ^has_journal ${image}`);
    device = sh(`losetup -f --show ${image}`).trim();
    sh(`mount ${device} ${mounted}`);
  });
  afterAll(() => {
    spawnSync("umount", ["-l", mounted]);
    if (device !== "") spawnSync("losetup", ["-d", device]);
    rmSync(directory, { recursive: true, force: true });
  });

  it("a version that may get another content in the same second is not kept, and is afterwards", async () => {
    const path = join(mounted, "file");
    const files = new FileKnowledge(() => {});
    const look = () => {
      const found = new Found();
      found.adopt(openSync(path, "r"), undefined);
      const content = files.contentOf(found);
      found.close();
      return content;
    };
    // The time that the kernel gives lags by up to a tick: well behind the beginning of a second.
    await sleep(1100 - (Date.now() % 1000));
    writeFileSync(path, "text");
    const first = statSync(path, { bigint: true });
    // More than a tick of the clock.
    await sleep(60);
    const { digest, passing } = look();
    writeFileSync(path, "test");
    const second = statSync(path, { bigint: true });
    expect([second.ctimeNs, second.size]).toEqual([first.ctimeNs, first.size]);
    expect(passing).toBe(true);
    expect(look().digest).not.toBe(digest);
    await sleep(1100);
    expect(look().passing).toBeUndefined();
  });
});
