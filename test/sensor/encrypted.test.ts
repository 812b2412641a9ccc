/**
 * A request that the supervisor makes for a task has no byte of the supervisor's own memory in it: what a file system keeps of the
 * request can be read back.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isolineProgram } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { compiler } from "./case.ts";

const SIZE = 16 << 20;
const directory = mkdtempSync(join(tmpdir(), "isoline-encrypted-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const [image, place] = [join(directory, "image"), join(directory, "place")];
mkdirSync(place);
/** In a mount namespace of its own, so that the mount goes with the command. */
const mounted = (command: string) =>
  spawnSync("unshare", ["--mount", "sh", "-c", `mount -o loop ${image} ${place} && ${command}`], {
    cwd: directory,
    encoding: "utf8",
  });

function canMount(): boolean {
  const knows = existsSync("/sys/fs/ext4/features/encryption") && isInstalled("mkfs.ext4");
  if (!isRoot || !isBuilt || compiler === undefined || !knows) return false;
  writeFileSync(image, "");
  truncateSync(image, SIZE);
  execFileSync("mkfs.ext4", ["-q", "-O", "encrypt", image]);
  return mounted("true").status === 0;
}

describe.skipIf(!canMount())(
  "a policy of encryption (needs root, gcc, a build, mkfs.ext4, and a kernel with loop devices and ext4 with encryption)",
  () => {
    beforeAll(() => {
      const source = fileURLToPath(new URL("./encrypted.c", import.meta.url));
      execFileSync("gcc", ["-O1", "-w", "-o", join(directory, "encrypted"), source]);
    });

    it.each(["", `${isolineProgram} learn -q -o contour --`])("is the one that the task gave: `%s`", (around) => {
      const { stdout, status } = mounted(`${around} ./encrypted ${place}`);
      expect([status, stdout]).toEqual([0, "KEYSNAME\n".repeat(8)]);
    });
  },
);
