/** Whether a process is in a namespace of the bpf sensor, of any supervisor and build. */
import { fileSystemOf } from "../../abi/mounts.ts";
import { BpfMap } from "../../libbpf/map.ts";
import { BPF_FS_MAGIC, loadDirectories, PINS, pinsIn } from "./pins.ts";
import { u32 } from "./structures.ts";

const TABLE = "members";

/** `pidfd` is of the process. Throws where the table of a load cannot be opened, or another user can have exchanged it. */
export function isInBpfNamespace(pidfd: number): boolean {
  if (fileSystemOf(PINS) !== BPF_FS_MAGIC) return false;
  return loadDirectories().some((directory) => {
    const members = membersIn(directory);
    try {
      return members?.lookup(u32(pidfd), Buffer.alloc(members.valueBytes)) ?? false;
    } finally {
      members?.close();
    }
  });
}

/** A load that is being made or removed has no members. */
function membersIn(directory: string): BpfMap | undefined {
  if (pinsIn(directory)?.includes(TABLE) !== true) return undefined;
  try {
    return BpfMap.pinned(TABLE, `${directory}/${TABLE}`);
  } catch (fault) {
    if (pinsIn(directory) === undefined) return undefined;
    throw fault;
  }
}
