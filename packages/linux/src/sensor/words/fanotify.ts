/** Groups, marks and events of fanotify in words (linux/fanotify.h). */
import { accessOf } from "./access.ts";

/** Two bits distinguish the classes. */
const CLASSES = 0xc;
const classes: Readonly<Record<number, string>> = { 0: "notify", 4: "content", 8: "pre-content" };

const groupFlags: readonly (readonly [number, string])[] = [
  [0x10, "unlimited-queue"],
  [0x20, "unlimited-marks"],
  [0x40, "audit"],
  [0x80, "report-pidfd"],
  [0x100, "report-tid"],
  [0x200, "report-fid"],
  [0x400, "report-dir-fid"],
  [0x800, "report-name"],
  [0x1000, "report-target-fid"],
  [0x2000, "report-fd-error"],
  [0x4000, "report-mount"],
];
/** FAN_CLOEXEC and FAN_NONBLOCK only concern the group's own descriptor. */
const OWN_DESCRIPTOR = 3;
/** Groups that report identifiers or mounts get no file descriptors. */
const WITHOUT_FILES = 0x200 | 0x400 | 0x800 | 0x1000 | 0x4000;

const events: readonly (readonly [number, string])[] = [
  [0x1, "access"],
  [0x2, "modify"],
  [0x4, "attributes"],
  [0x8, "close-write"],
  [0x10, "close-nowrite"],
  [0x20, "open"],
  [0x40, "moved-from"],
  [0x80, "moved-to"],
  [0x100, "create"],
  [0x200, "delete"],
  [0x400, "delete-self"],
  [0x800, "move-self"],
  [0x1000, "open-exec"],
  [0x8000, "fs-error"],
  [0x1_0000, "open-permission"],
  [0x2_0000, "access-permission"],
  [0x4_0000, "open-exec-permission"],
  [0x10_0000, "pre-access"],
  [0x100_0000, "mount-attach"],
  [0x200_0000, "mount-detach"],
  [0x800_0000, "on-child"],
  [0x1000_0000, "rename"],
  [0x4000_0000, "on-directory"],
];

/** FAN_MARK_MOUNT and FAN_MARK_FILESYSTEM; both together mean a mount namespace. */
const SCOPES = 0x110;
const scopes: Readonly<Record<number, string>> = {
  0: "object",
  0x10: "mount",
  0x100: "filesystem",
  0x110: "mount-namespace",
};
/** FAN_MARK_IGNORED_MASK, FAN_MARK_IGNORE: the group gets no more of these events there. */
const IGNORES = 0x420;

/** The class of a group and what it reports: `content,report-pidfd`. */
export function groupIn(flags: number): string {
  const known = wordsIn(BigInt((flags & ~CLASSES & ~OWN_DESCRIPTOR) >>> 0), groupFlags);
  return [classes[flags & CLASSES] ?? "class-12", ...known].join(",");
}

/** FAN_OPEN_PERM, FAN_ACCESS_PERM, FAN_OPEN_EXEC_PERM, FAN_PRE_ACCESS. */
const PERMISSION_EVENTS = 0x17_0000n;

/** Whether some of the events are permission events. */
export const asksFirst = (mask: bigint): boolean => (mask & PERMISSION_EVENTS) !== 0n;

/** How the files that a group gets are opened; `none` if it gets none. */
export function handsOut(flags: number, opens: number): string {
  return (flags & WITHOUT_FILES) === 0 ? accessOf(opens) : "none";
}

/** The scope of a mark, and `,ignore` if it removes events. */
export function scopeOf(flags: number): string {
  return `${scopes[flags & SCOPES]}${(flags & IGNORES) === 0 ? "" : ",ignore"}`;
}

export function eventsIn(mask: bigint): string {
  return wordsIn(mask, events).join(",") || "none";
}

/** Bits without a word keep their number. */
function wordsIn(bits: bigint, table: readonly (readonly [number, string])[]): string[] {
  const words = table.filter(([bit]) => (bits & BigInt(bit)) !== 0n).map(([, word]) => word);
  const rest = table.reduce((left, [bit]) => left & ~BigInt(bit), bits);
  return rest === 0n ? words : [...words, `0x${rest.toString(16)}`];
}
