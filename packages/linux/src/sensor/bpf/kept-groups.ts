/** Has the BPF programs keep the files of the control groups that contain this process. */
import { OwnGroups } from "../own-groups.ts";
import type { BpfMap } from "../../libbpf/map.ts";
import { u32 } from "./structures.ts";

/** `struct group` in `bpf/maps.h`. */
const GROUP_BYTES = 16;
const DEVICE_AT = 8;

export function keepGroups(map: Pick<BpfMap, "update">): void {
  const groups = new OwnGroups();
  for (const { device, inode } of groups.containing()) {
    const key = Buffer.alloc(GROUP_BYTES);
    key.writeBigUInt64LE(BigInt(inode));
    key.writeUInt32LE(device, DEVICE_AT);
    map.update(key, u32(1));
  }
  groups.close();
}
