/** What the sensor keeps of a file system that a task is mounting: not longer than the task does, so that its device is free again. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRoot } from "../support/machine.ts";
import { compiler, workplace } from "./case.ts";
import { isBuilt, supervise } from "./supervised.ts";

const output = (command: string, ...words: string[]) =>
  spawnSync(command, words, { timeout: 60_000, encoding: "utf8" }).stdout.trim();

describe.skipIf(!isRoot || !isBuilt || compiler === undefined)(
  "the device of a file system that was unmounted (needs root, gcc, a build, ext4 on a loop device)",
  () => {
    let directory: string;
    let device = "";
    beforeAll(() => {
      directory = workplace();
      const image = join(directory, "image");
      writeFileSync(image, Buffer.alloc(8 * 2 ** 20));
      output("mkfs.ext4", "-q", "-F", image);
      device = output("losetup", "--find", "--show", image);
      const source = fileURLToPath(new URL("let-go.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", join(directory, "let-go"), source]);
    });
    afterAll(() => {
      if (device !== "") output("losetup", "--detach", device);
      rmSync(directory, { recursive: true, force: true });
    });

    it.for([
      ["before", "its descriptors were closed before"],
      ["late", "its last descriptor is closed afterwards"],
    ] as const)("can be opened by one task alone (%s): %s", async ([place], { skip }) => {
      skip(!device.startsWith("/dev/loop"), "the machine has no loop device");
      mkdirSync(join(directory, place));
      const { stdout } = await supervise({ command: ["./let-go", device, place], directory });
      expect(stdout).toBe("mounted: 0\nunmounted: 0\nalone: ok\n");
    });
  },
);
