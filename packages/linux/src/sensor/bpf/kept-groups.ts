/** Has the BPF programs keep the files of the control groups that contain this process. */
import { existsSync } from "node:fs";
import { LinuxError } from "../../error.ts";
import type { BpfMap } from "../../libbpf/map.ts";
import { type Group, OwnGroups } from "../own-groups.ts";
import { MOST_NAMESPACES } from "./stance.ts";
import { u32 } from "./structures.ts";

/** `struct group` in `bpf/maps.h`, and as many entries as `own_groups` and `supervisors` have there. */
const GROUP_BYTES = 16;
const DEVICE_AT = 8;
const MOST_GROUPS = 4096;
const MOST_SUPERVISORS = 4 * MOST_NAMESPACES;
/** A process may be moved at any time, and nothing tells of it. */
const LOOK_EVERY_MS = 1000;

type Seen = Pick<OwnGroups, "containing" | "containingProcess" | "sees" | "hasMoved" | "close">;

/** The maps of a load that know its supervisors, and the control groups that these are in. */
export interface GroupMaps {
  readonly own_groups: Pick<BpfMap, "update" | "keys" | "delete">;
  readonly supervisors: Pick<BpfMap, "keys">;
}

export class KeptGroups {
  readonly #maps: GroupMaps;
  readonly #groups: Seen;
  #next = 0;
  #areKept = true;

  /** Holds the mounts until it is closed: a hierarchy that is mounted anew has another device. Throws if they cannot be kept. */
  constructor(maps: GroupMaps, groups: Seen = new OwnGroups()) {
    this.#maps = maps;
    this.#groups = groups;
    if (this.#keep()) return;
    this.close();
    throw new LinuxError(
      "bpf-unavailable",
      `the BPF programs keep ${MOST_GROUPS} control groups of supervisors already, and none of them can be left out; end supervisors, or start them in fewer control groups`,
    );
  }

  /** Whether this process was moved to other groups since it last looked. They are kept from then on. Now and then: once a second. */
  follow(look: "at once" | "now and then"): boolean {
    if (look === "now and then" && performance.now() < this.#next) return false;
    this.#next = performance.now() + LOOK_EVERY_MS;
    const hasMoved = this.#groups.hasMoved();
    if (hasMoved || !this.#areKept) this.#areKept = this.#keep();
    return hasMoved;
  }

  /** Once this supervisor is known to others: one of them may have forgotten its groups before. */
  keepAnew(): void {
    this.#areKept = this.#keep();
  }

  close(): void {
    this.#groups.close();
  }

  /** False if there is no place for them. */
  #keep(): boolean {
    const keys = this.#groups.containing().map(keyOf);
    const add = () => keys.every((key) => this.#maps.own_groups.update(key, u32(1)));
    return add() || (this.#forgetOthers() && add());
  }

  /**
   * Forgets the groups that contain no living supervisor any more. They are listed before the supervisors are looked up: one that is
   * moved meanwhile adds its groups after it was moved. Nothing is known of hierarchies that this process does not see.
   */
  #forgetOthers(): boolean {
    const { own_groups: kept, supervisors } = this.#maps;
    const keys = kept.keys(GROUP_BYTES, MOST_GROUPS);
    const needed = new Set<string>();
    for (const number of supervisors.keys(4, MOST_SUPERVISORS)) {
      const pid = number.readUInt32LE(0);
      const groups = this.#groups.containingProcess(pid);
      if (groups === undefined && existsSync(`/proc/${pid}`)) return false;
      for (const group of groups ?? []) needed.add(keyOf(group).toString("latin1"));
    }
    const isGone = (key: Buffer) =>
      this.#groups.sees(key.readUInt32LE(DEVICE_AT)) && !needed.has(key.toString("latin1"));
    return keys.filter((key) => isGone(key) && kept.delete(key)).length > 0;
  }
}

function keyOf({ device, inode }: Group): Buffer {
  const key = Buffer.alloc(GROUP_BYTES);
  key.writeBigUInt64LE(BigInt(inode));
  key.writeUInt32LE(device, DEVICE_AT);
  return key;
}
