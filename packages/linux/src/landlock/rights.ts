/**
 * Landlock's rights by name, with the version of the kernel's interface that introduced them (linux/landlock.h).
 *
 * `ioctl-dev` (bit 15, version 5) is left out on purpose: the sensors do not mediate ioctl, so no contour records which
 * requests are used, and restricting them would refuse requests that are on contour.
 */
export const fsRights = {
  execute: 1 << 0,
  "write-file": 1 << 1,
  "read-file": 1 << 2,
  "read-dir": 1 << 3,
  "remove-dir": 1 << 4,
  "remove-file": 1 << 5,
  "make-char": 1 << 6,
  "make-dir": 1 << 7,
  "make-reg": 1 << 8,
  "make-sock": 1 << 9,
  "make-fifo": 1 << 10,
  "make-block": 1 << 11,
  "make-sym": 1 << 12,
  refer: 1 << 13,
  truncate: 1 << 14,
} as const;

export const netRights = { "bind-tcp": 1 << 0, "connect-tcp": 1 << 1 } as const;

export const scopes = { "abstract-unix-socket": 1 << 0, signal: 1 << 1 } as const;

const union = (...rights: number[]): number => rights.reduce((all, right) => all | right, 0);

export const ALL_FS = union(...Object.values(fsRights));
export const ALL_NET = union(...Object.values(netRights));
export const ALL_MAKE = union(
  fsRights["make-char"],
  fsRights["make-dir"],
  fsRights["make-reg"],
  fsRights["make-sock"],
  fsRights["make-fifo"],
  fsRights["make-block"],
  fsRights["make-sym"],
);
/** The only rights that a rule on anything but a directory may hold; the kernel refuses the others. */
export const FILE_RIGHTS = union(fsRights.execute, fsRights["write-file"], fsRights["read-file"], fsRights.truncate);

/** The rights used here that a kernel with this version of the interface can restrict. */
export function knownTo(version: number): { readonly fs: number; readonly net: number; readonly scoped: number } {
  const fs = ALL_FS & ~(version < 2 ? fsRights.refer : 0) & ~(version < 3 ? fsRights.truncate : 0);
  return { fs, net: version < 4 ? 0 : ALL_NET, scoped: version < 6 ? 0 : union(...Object.values(scopes)) };
}

/** The names of a set of rights, in the order of the table: `read-file, execute`. */
export function namesOf(rights: number, table: Readonly<Record<string, number>> = fsRights): string {
  return Object.entries(table)
    .filter(([, bit]) => (rights & bit) !== 0)
    .map(([name]) => name)
    .join(", ");
}
