/** Kinds of namespaces, by the flags of `clone`, `unshare` and `setns`. */

/** linux/sched.h */
const namespaceFlags: readonly (readonly [number, string])[] = [
  [0x0002_0000, "mount"],
  [0x0200_0000, "cgroup"],
  [0x0400_0000, "uts"],
  [0x0800_0000, "ipc"],
  [0x1000_0000, "user"],
  [0x2000_0000, "pid"],
  [0x4000_0000, "net"],
  [0x80, "time"],
];

/** The kinds among these flags, in a fixed order with commas between; "" if there are none. */
export function kindsIn(flags: number): string {
  return namespaceFlags
    .filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(",");
}
