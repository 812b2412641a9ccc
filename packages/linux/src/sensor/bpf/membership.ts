/** Whether a process is in a namespace of the bpf sensor, of any supervisor and build. */
import { fileSystemOf } from "../../abi/mounts.ts";
import { BpfMap } from "../../libbpf/map.ts";
import { BPF_FS_MAGIC, loadDirectories, PINS } from "./pins.ts";
import { u32 } from "./structures.ts";

/** `pidfd` is of the process. Throws where the tables of a load cannot be opened. */
export function isInBpfNamespace(pidfd: number): boolean {
  if (fileSystemOf(PINS) !== BPF_FS_MAGIC) return false;
  return loadDirectories().some((directory) => {
    const members = BpfMap.pinned("members", `${directory}/members`);
    try {
      return members.lookup(u32(pidfd), Buffer.alloc(members.valueBytes));
    } finally {
      members.close();
    }
  });
}
