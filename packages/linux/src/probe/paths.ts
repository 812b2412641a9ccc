/** Probes what the sensor needs to resolve paths as the kernel does. */
import { readFileSync } from "node:fs";
import { close, openat2, statx } from "../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_PATH, RESOLVE_IN_ROOT, Stat, STATX_MASK } from "../abi/stat.ts";
import { openHow, terminated } from "../abi/bytes.ts";
import type { Probe } from "./probe.ts";

const STATX_MNT_ID = 0x1000;

export function probePaths(): readonly Probe[] {
  return [resolution(), mountIds(), ioUring()];
}

function resolution(): Probe {
  const fd = openat2(AT_FDCWD, terminated("/"), openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT));
  if (fd >= 0) close(fd);
  return {
    part: "seccomp",
    name: "openat2",
    works: fd >= 0,
    required: true,
    detail: fd >= 0 ? "paths are resolved by the kernel, in the task's own root" : `refused (errno ${-fd})`,
    needs: "Linux 5.6",
  };
}

function mountIds(): Probe {
  const stat = new Stat();
  const result = statx(AT_FDCWD, terminated("/"), 0, STATX_MASK, stat.bytes);
  // The first word says which fields the kernel filled in.
  const works = result >= 0 && (stat.bytes.readUInt32LE(0) & STATX_MNT_ID) !== 0;
  return {
    part: "seccomp",
    name: "mount ids (statx)",
    works,
    required: true,
    detail: works ? "mounts can be distinguished" : "mounts cannot be distinguished",
    needs: "Linux 5.8",
  };
}

/** Not required: io_uring is refused in every namespace unless its policy permits it. */
function ioUring(): Probe {
  return { part: "seccomp", name: "io_uring", works: true, required: false, detail: ioUringDetail(), needs: "nothing" };
}

function ioUringDetail(): string {
  const inside = "refused in namespaces, as if the kernel did not have it";
  try {
    const disabled = Number(readFileSync("/proc/sys/kernel/io_uring_disabled", "latin1"));
    return disabled === 0
      ? `there, but ${inside}`
      : `restricted on this machine (kernel.io_uring_disabled=${disabled}), and ${inside}`;
  } catch {
    return inside;
  }
}
