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

/** CLONE_FS, CLONE_FILES, CLONE_SYSVSEM, CLONE_VM, CLONE_SIGHAND, CLONE_THREAD: what else `unshare` knows. */
const SHARED = 0x200n | 0x400n | 0x4_0000n | 0x100n | 0x800n | 0x1_0000n;
const NAMESPACES = namespaceFlags.reduce((all, [bit]) => all | BigInt(bit), 0n);
/** What `clone3` takes besides: all lower bits, CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP. */
const CLONED = 0x3_ffff_ffffn;
/** A flag that is not known may stand for any namespace that has paths or addresses (UNSHARE_EMPTY_MNTNS, CLONE_EMPTY_MNTNS). */
const ANY = 0x4002_0000;

/** Flags as a call has them in 64 bits: the kinds, among them flags that are not known, and what may come to be by them. */
export function kindsAsked(
  flags: bigint,
  call: "unshare" | "clone",
): { readonly kinds: string; readonly flags: number } {
  const known = Number(BigInt.asUintN(32, flags));
  const others = flags & ~(NAMESPACES | (call === "unshare" ? SHARED : CLONED));
  if (others === 0n) return { kinds: kindsIn(known), flags: known };
  const named = kindsIn(known);
  return { kinds: `${named === "" ? "" : `${named},`}other-0x${others.toString(16)}`, flags: known | ANY };
}
