/** The sensor's programs that are attached in this kernel, by every build of isoline. */
import { closeSync, readFileSync } from "node:fs";
import { fileSystemOf } from "../../abi/mounts.ts";
import { openPinned } from "../../libbpf/map.ts";
import { BPF_FS_MAGIC, PINS, loadDirectories, pinsIn } from "./pins.ts";

export interface AttachedPrograms {
  /** Where they are pinned: how they are attached, and the beginning of the SHA-256 of their object. */
  readonly load: string;
  readonly programs: readonly {
    /** Of its pin. */
    readonly name: string;
    /** The kernel's own digest of its instructions (kernel/bpf/core.c, bpf_prog_calc_tag): 16 hexadecimal digits. */
    readonly tag: string;
  }[];
}

/** None for a user without access to them. */
export function attachedPrograms(): readonly AttachedPrograms[] {
  if (fileSystemOf(PINS) !== BPF_FS_MAGIC) return [];
  return loadDirectories().map((load) => ({
    load,
    programs: [...(pinsIn(load) ?? [])].sort().flatMap((name) => {
      const tag = tagOf(`${load}/${name}`);
      return tag === undefined ? [] : [{ name, tag }];
    }),
  }));
}

/** Of a pinned link or program; undefined for a table. */
function tagOf(pin: string): string | undefined {
  const fd = openPinned(pin);
  if (fd < 0) return undefined;
  try {
    return /^prog_tag:\s*([0-9a-f]{16})$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1];
  } finally {
    closeSync(fd);
  }
}
