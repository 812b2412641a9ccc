/** A place where only root can change files, and namespaces that look at programs there. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Content } from "../../packages/linux/src/sensor/files/content.ts";
import { Found } from "../../packages/linux/src/sensor/files/found.ts";
import { FileKnowledge } from "../../packages/linux/src/sensor/files/knowledge.ts";
import { NodeDigests } from "../../packages/linux/src/sensor/files/node-digests.ts";
import { SharedDigests } from "../../packages/linux/src/sensor/files/shared-digests.ts";
import { isOnDisk } from "../../packages/linux/src/sensor/files/writers.ts";

const PARENT = "/var/lib";
/** Larger than the smallest file that is shared. */
const SIZE = 100_000;

export const isPlace =
  process.geteuid?.() === 0 && isOnDisk(statfsSync(PARENT).type) && statSync(PARENT).dev >> 8 !== 0;
export const needs = `needs root, and ${PARENT} on a file system on a disk`;

/** Whether a shell finds this program. */
export const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** Waits until a later change is certain to get another time. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));
export const textOf = (letter: string): string => letter.repeat(SIZE);
export const digestOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
/** What every look must say, whatever was done to a file: the digest of its content. */
export const truth = (path: string): unknown => expect.objectContaining({ digest: digestOf(path) });

interface Seeing {
  /** The root directory of the container, as the plan says it. */
  readonly root?: string;
  /** The root of the task that uses the file. */
  readonly rootPath?: Buffer;
  readonly setsClock?: boolean;
}

export class Place {
  readonly directory: string = isPlace ? mkdtempSync(join(PARENT, "isoline-digests-")) : "";
  shared = undefined as unknown as SharedDigests;

  at(name: string): string {
    return join(this.directory, name);
  }

  /** Empties it, and begins with no digest. */
  async begin(): Promise<void> {
    this.shared = SharedDigests.begin() as SharedDigests;
    this.clear();
    mkdirSync(this.directory, { mode: 0o755 });
    writeFileSync(this.at("program"), textOf("a"), { mode: 0o755 });
    await pause();
  }

  clear(): void {
    if (this.directory !== "") rmSync(this.directory, { recursive: true, force: true });
  }

  /** What a new namespace says of the file at a path. */
  look(path: string, { root, rootPath, setsClock = false }: Seeing = {}): Content {
    const files = new FileKnowledge(() => {});
    files.share(new NodeDigests(SharedDigests.of(this.shared.memory), root));
    if (setsClock) files.noteClock();
    const found = new Found();
    found.adopt(openSync(path, "r"), rootPath && { root: -1, rootPath });
    try {
      return files.contentOf(found);
    } finally {
      found.close();
      files.close();
    }
  }

  /** How many digests were kept and found so far. */
  get counts(): readonly [kept: number, found: number] {
    const { kept, found } = this.shared.counts;
    return [kept, found];
  }
}
