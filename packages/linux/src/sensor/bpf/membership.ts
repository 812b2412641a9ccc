/** Whether a process is in a namespace of the bpf sensor, of any supervisor and build. */
import { fileSystemOf } from "../../abi/mounts.ts";
import { BpfMap } from "../../libbpf/map.ts";
import { BPF_FS_MAGIC, loadDirectories, PINS, pinsIn } from "./pins.ts";
import { u32 } from "./structures.ts";

const TABLE = "members";

/** `pidfd` is of the process. Throws where the table of a load cannot be opened. */
export function isInBpfNamespace(pidfd: number): boolean {
  if (fileSystemOf(PINS) !== BPF_FS_MAGIC) return false;
  return loadDirectories().some((directory) => {
    // A load that is being made or removed has no members, and a directory of a stranger's is no load.
    if (pinsIn(directory)?.includes(TABLE) !== true) return false;
    const members = BpfMap.pinned(TABLE, `${directory}/${TABLE}`);
    try {
      return members.lookup(u32(pidfd), Buffer.alloc(members.valueBytes));
    } finally {
      members.close();
    }
  });
}
