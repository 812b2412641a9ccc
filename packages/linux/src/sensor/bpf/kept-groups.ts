/** Has the BPF programs keep the files of the control groups that contain this process. */
import { OwnGroups } from "../own-groups.ts";
import type { BpfMap } from "../../libbpf/map.ts";
import { u32 } from "./structures.ts";

/** `struct group` in `bpf/maps.h`. */
const GROUP_BYTES = 16;
const DEVICE_AT = 8;

/** Holds their mounts until it is closed: a hierarchy that is mounted anew has another device. Undefined if the map is full. */
export function keepGroups(map: Pick<BpfMap, "update">): Pick<OwnGroups, "close"> | undefined {
  const groups = new OwnGroups();
  const areKept = groups.containing().every(({ device, inode }) => {
    const key = Buffer.alloc(GROUP_BYTES);
    key.writeBigUInt64LE(BigInt(inode));
    key.writeUInt32LE(device, DEVICE_AT);
    return map.update(key, u32(1));
  });
  if (areKept) return groups;
  groups.close();
  return undefined;
}
