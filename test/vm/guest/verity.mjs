/** A filesystem with fs-verity, and the digests of its files. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Mounts an ext4 image, and makes a directory in it that every user may enter. */
export function makeFilesystem() {
  const place = mkdtempSync(join(tmpdir(), "verity-"));
  const [image, mount] = [join(place, "image"), join(place, "mount")];
  mkdirSync(mount);
  execFileSync("truncate", ["--size=16M", image]);
  execFileSync("mkfs.ext4", ["-q", "-O", "verity", "-b", "4096", image]);
  execFileSync("mount", ["-o", "loop", image, mount]);
  return mount;
}

/** Mounts a Btrfs image. */
export function makeBtrfs() {
  const place = mkdtempSync(join(tmpdir(), "btrfs-"));
  const [image, mount] = [join(place, "image"), join(place, "mount")];
  mkdirSync(mount);
  execFileSync("truncate", ["--size=128M", image]);
  execFileSync("mkfs.btrfs", ["-q", image]);
  execFileSync("mount", ["-o", "loop", image, mount]);
  return mount;
}

/** `FS_IOC_ENABLE_VERITY` with a `struct fsverity_enable_arg`: version 1, SHA-256, blocks of 4096 bytes (linux/fsverity.h). */
const ENABLE = [
  "import fcntl, os, struct, sys",
  "fd = os.open(sys.argv[1], os.O_RDONLY)",
  "fcntl.ioctl(fd, 0x40806685, struct.pack('<IIIIQIIQ88x', 1, 1, 4096, 0, 0, 0, 0, 0))",
].join("\n");

/** @param {string} path */
export function seal(path) {
  execFileSync("python3", ["-I", "-S", "-c", ENABLE, path]);
}

/**
 * The digest of a file of one block: that of its descriptor, which has that of the block, filled up with zeros
 * (Documentation/filesystems/fsverity.rst).
 *
 * @param {Buffer} content
 */
export function digestOfBlock(content) {
  const sha256 = (/** @type {Buffer} */ bytes) => createHash("sha256").update(bytes).digest();
  const block = Buffer.alloc(4096);
  content.copy(block);
  const descriptor = Buffer.alloc(256);
  descriptor.set([1, 1, 12]);
  descriptor.writeBigUInt64LE(BigInt(content.length), 8);
  sha256(block).copy(descriptor, 16);
  return `sha256:${sha256(descriptor).toString("hex")}`;
}
