/** The initial RAM disk, used before the host's root is mounted: busybox, a few modules, and scripts. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackedRoot } from "../../../tools/unpacked-packages.mjs";
import { archive, type Entry } from "./archive.ts";
import type { Kernel } from "./kernel.ts";
import { modulesInOrder } from "./modules.ts";

/** The host's files over virtio; everything else that the tests use is built into Debian's kernel. */
const MODULES = ["virtio_pci", "9pnet_virtio", "9p"];

const ROOMS = ["bin", "dev", "host", "modules", "proc", "root", "run", "sys"];

const script = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)));

/** A statically linked busybox, if it has been unpacked. */
export function busybox(): string | undefined {
  const root = unpackedRoot("busybox-static");
  return ["usr/bin/busybox", "bin/busybox"]
    .map((path) => join(root ?? "/nowhere", path))
    .find((path) => existsSync(path));
}

/** An initial RAM disk for a kernel, uncompressed, because it is read from memory. `modules` are loaded beside the usual ones. */
export function initramfs(kernel: Kernel, program: string, modules: readonly string[] = []): Buffer {
  const loaded = modulesInOrder(kernel.modules, [...MODULES, ...modules]);
  return archive([
    ...ROOMS.map((name): Entry => [name]),
    ["bin/busybox", readFileSync(program)],
    ["init", script("./init.sh")],
    ["session", script("./session.sh")],
    // Sorted by name, which is the order of loading.
    ...loaded.map(({ name, bytes }, index): Entry => [`modules/${String(index).padStart(3, "0")}-${name}.ko`, bytes]),
  ]);
}
