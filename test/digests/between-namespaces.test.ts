/** Digests that namespaces of one process share: what is found is of the very content, whatever was done to the file. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Found } from "../../packages/linux/src/sensor/files/found.ts";
import { NodeDigests } from "../../packages/linux/src/sensor/files/node-digests.ts";
import { isCI } from "../support/machine.ts";
import { digestOf, has, isPlace, needs, pause, Place, textOf, truth } from "./place.ts";

describe.skipIf(!isPlace)(`shared digests (${needs})`, () => {
  const place = new Place();
  const path = place.at("program");

  beforeEach(() => place.begin());
  afterAll(() => place.clear());

  it("one namespace hashes a program, and the others find its digest", () => {
    expect(place.look(path)).toEqual({ digest: digestOf(path) });
    expect(place.shared.counts).toEqual({ kept: 1, found: 0 });
    expect(place.look(path)).toEqual({ digest: digestOf(path) });
    expect(place.shared.counts).toEqual({ kept: 1, found: 1 });
  });

  it("a program of a container is kept by its path in there, below the container's root", async () => {
    const root = place.at("rootfs");
    mkdirSync(join(root, "bin"), { recursive: true });
    writeFileSync(join(root, "bin/program"), textOf("b"));
    await pause();
    expect(place.look(join(root, "bin/program"), { root, rootPath: Buffer.from(root) })).toEqual(
      truth(join(root, "bin/program")),
    );
    expect(place.look(join(root, "bin/program"), { root: place.directory, rootPath: Buffer.from(root) })).toEqual(
      truth(join(root, "bin/program")),
    );
    expect(place.counts).toEqual([1, 1]);
  });

  it("a program of a container is not kept if no way to it is known", async () => {
    const root = place.at("rootfs");
    mkdirSync(root);
    writeFileSync(join(root, "program"), textOf("b"));
    await pause();
    expect(place.look(join(root, "program"), { root: place.directory, rootPath: Buffer.from(root) })).toEqual(
      truth(join(root, "program")),
    );
    expect(place.counts[0]).toBe(0);
  });

  it("a file that was replaced is hashed anew", async () => {
    place.look(path);
    writeFileSync(place.at("next"), textOf("b"));
    renameSync(place.at("next"), path);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.counts[1]).toBe(0);
  });

  it("a file that was written in place, with its times and size as before, is hashed anew", async () => {
    place.look(path);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, textOf("b"));
    utimesSync(path, atime, mtime);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.counts[1]).toBe(0);
  });

  it("a file that a descriptor can still write to is not kept, and is written to without harm", async () => {
    const writer = openSync(path, "r+");
    expect(place.look(path)).toMatchObject({ remark: { what: "written" }, passing: true });
    expect(place.counts[0]).toBe(0);
    writeSync(writer, "b", 10);
    expect(place.look(path)).toEqual(truth(path));
    closeSync(writer);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.counts).toEqual([1, 0]);
  });

  it("a digest is not believed while a descriptor can write, though the file is as it was", () => {
    place.look(path);
    const writer = openSync(path, "r+");
    expect(place.look(path)).toMatchObject({ remark: { what: "written" }, passing: true });
    expect(place.counts[1]).toBe(0);
    closeSync(writer);
  });

  it.skipIf(!has("python3"))(
    "what is written through a mapping, to a page that was written before, is seen",
    async () => {
      place.look(path);
      const mapping = spawn("python3", ["-c", MAPPING, path]);
      await said(mapping, "mapped");
      await pause();
      expect(place.look(path)).toMatchObject({ remark: { what: "written" }, passing: true });
      const version = statSync(path, { bigint: true }).ctimeNs;
      mapping.stdin.write("again\n");
      await said(mapping, "again");
      // The second write to a page leaves no trace in the times.
      expect(statSync(path, { bigint: true }).ctimeNs).toBe(version);
      expect(place.look(path)).toEqual(truth(path));
      expect(place.counts).toEqual([1, 0]);
      mapping.kill();
    },
  );

  it("a file is not kept that another user may write, or change a name on the way to", async () => {
    chmodSync(path, 0o775);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    chmodSync(path, 0o755);
    chownSync(path, 65_534, 0);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    chownSync(path, 0, 0);
    chmodSync(place.directory, 0o1777);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.counts[0]).toBe(0);
  });

  it.skipIf(!has("setfattr"))("a file is not kept that an ACL lets a user write", async () => {
    execFileSync("setfattr", ["-n", "system.posix_acl_access", "-v", `0x${ACL}`, path]);
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.counts[0]).toBe(0);
  });

  it("a link elsewhere that is writable by then: the file is hashed anew, and not kept again", async () => {
    place.look(path);
    const open = place.at("open");
    mkdirSync(open);
    chmodSync(open, 0o1777);
    linkSync(path, join(open, "link"));
    chmodSync(join(open, "link"), 0o777);
    execFileSync("sh", ["-c", `printf x | dd of=${join(open, "link")} conv=notrunc 2>&1`], {
      uid: 65_534,
      gid: 65_534,
    });
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.look(join(open, "link"))).toEqual(truth(path));
    expect(place.counts).toEqual([1, 0]);
  });

  it("a link where only root can change names counts as the file that it is", async () => {
    linkSync(path, place.at("link"));
    await pause();
    place.look(path);
    expect(place.look(place.at("link"))).toEqual(truth(path));
    expect(place.counts).toEqual([1, 1]);
  });

  it("a small file, and one in memory, are not kept", async () => {
    truncateSync(path, 1000);
    const inMemory = mkdtempSync("/dev/shm/isoline-digests-");
    chmodSync(inMemory, 0o755);
    writeFileSync(join(inMemory, "program"), textOf("m"));
    await pause();
    expect(place.look(path)).toEqual(truth(path));
    expect(place.look(join(inMemory, "program"))).toEqual(truth(join(inMemory, "program")));
    expect(place.counts[0]).toBe(0);
    rmSync(inMemory, { recursive: true });
  });

  it("a namespace that may set the clock finds nothing and keeps nothing", () => {
    const look = () => place.look(path, { setsClock: true });
    expect(look()).toMatchObject({ digest: digestOf(path), passing: true });
    expect(place.counts).toEqual([0, 0]);
    place.look(path);
    expect(look()).toMatchObject({ digest: digestOf(path), passing: true });
    expect(place.counts).toEqual([1, 0]);
  });

  it.skipIf(!isCI)(
    "a namespace keeps at most 1,024, so that one that changes its programs leaves those of others",
    () => {
      const files = new NodeDigests(place.shared, undefined);
      const seen = new Found();
      seen.adopt(openSync(path, "r"), undefined);
      const shareable = files.of(seen.fd, seen);
      for (let number = 0; shareable !== undefined && number < 1100; number++) {
        shareable.key.writeUInt32LE(number, 8);
        files.keep(shareable, digestOf(path) as Digest);
      }
      seen.close();
      expect(place.counts[0]).toBe(1024);
    },
  );

  it.skipIf(!has("mkfs.ext4") || !has("losetup"))(
    "a file system that takes the place of another, with the same numbers and times, is another",
    async () => {
      const image = place.at("image");
      const mounted = place.at("mounted");
      const inside = join(mounted, "program");
      const sh = (script: string) => execFileSync("sh", ["-c", script], { stdio: "pipe", encoding: "utf8" });
      mkdirSync(mounted);
      sh(`truncate -s 4M ${image} && mkfs.ext4 -q -O ^has_journal ${image}`);
      const device = sh(`losetup -f --show ${image}`).trim();
      try {
        sh(`mount ${device} ${mounted}`);
        writeFileSync(inside, textOf("a"), { mode: 0o755 });
        await pause();
        place.look(inside);
        place.look(inside);
        expect(place.counts).toEqual([1, 1]);
        const before = statSync(inside, { bigint: true });
        sh(`umount ${mounted}`);
        // Beneath the file system, so that nothing of the file but its content is another.
        forge(image, device);
        sh(`mount -o ro ${device} ${mounted}`);
        const after = statSync(inside, { bigint: true });
        expect([after.dev, after.ino, after.ctimeNs, after.size]).toEqual([
          before.dev,
          before.ino,
          before.ctimeNs,
          before.size,
        ]);
        expect(readFileSync(inside, "latin1")).toContain("evil");
        expect(place.look(inside)).toEqual(truth(inside));
        expect(place.counts).toEqual([2, 1]);
        sh(`umount ${mounted}`);
      } finally {
        spawnSync("umount", ["-l", mounted]);
        spawnSync("losetup", ["-d", device]);
      }
    },
  );

  it("a file that is mounted over another is known as the one that it is", async () => {
    const other = place.at("other");
    writeFileSync(other, textOf("o"), { mode: 0o755 });
    await pause();
    place.look(path);
    place.look(other);
    execFileSync("mount", ["--bind", other, path]);
    try {
      expect(place.look(path)).toEqual(truth(other));
      expect(place.counts).toEqual([2, 1]);
    } finally {
      execFileSync("umount", [path]);
    }
    expect(place.look(path)).toEqual(truth(path));
  });
});

/** `user::rwx user:65534:rw- group::r-x mask::rwx other::r-x` (linux/posix_acl_xattr.h): version, then tag, rights and id of each. */
const ACL =
  "02000000" +
  ["01000700ffffffff", "02000600feff0000", "04000500ffffffff", "10000700ffffffff", "20000500ffffffff"].join("");

/** Maps a file for writing and closes it, writes to one page, and to the same page again when it is told to. */
const MAPPING = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
page = mmap.mmap(fd, 4096)
os.close(fd)
page[0:1] = b"1"
print("mapped", flush=True)
sys.stdin.readline()
page[1:2] = b"2"
print("again", flush=True)
sys.stdin.readline()
`;

function said(child: ChildProcessWithoutNullStreams, word: string): Promise<void> {
  return new Promise((resolve) => {
    child.stdout.on("data", (text: Buffer) => text.includes(word) && resolve());
  });
}

/** Changes a file's content in an image of its file system, and drops what the kernel has read of it. */
function forge(image: string, device: string): void {
  const at = readFileSync(image).indexOf(textOf("a").slice(0, 4096));
  const file = openSync(image, "r+");
  writeSync(file, "evil", at);
  closeSync(file);
  spawnSync("blockdev", ["--flushbufs", device]);
}
