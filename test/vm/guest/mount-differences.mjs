/** Where the bpf sensor sees mounts, and the paths below them, differently from the seccomp sensor. */

const AS_GIVEN = "what a mount names is not looked up, and a mount that the launch does not have is called unknown";
const REFUSED_BEFORE = "the kernel refuses the call before it calls the hook";

/** @type {Readonly<Record<string, import("./differences.mjs").Difference>>} By what the case does. */
export const mountDifferences = {
  "mount and umount": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=tmpfs path=./dir type=tmpfs flags=0x2 options=size=4k",
      "mount source=./file path=./other type=none flags=0x1000",
      "umount path=$IN:./file// flags=2",
      "umount path=$IN:unknown/./dir flags=0",
    ],
  },
  "umount of a former working directory": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount path=./dir",
      "open path=$IN:unknown/./dir",
      "umount path=$IN:unknown/./dir flags=0",
    ],
  },
  "umount of an unused mount": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount path=./dir",
      "umount path=$IN:unknown/./dir flags=4",
    ],
  },
  "mount by the newer calls": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig type=tmpfs options=create",
      "mount call=fsmount type=tmpfs",
      "mount call=move_mount source=?new:tmpfs path=./dir flags=0x4",
      "mount call=open_tree path=./dir flags=0x1",
      "mount call=mount_setattr path=./dir options=set=0x2",
      "mount call=fspick path=./dir",
    ],
  },
  "mount of an overlay": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mkdir path=./up",
      "mkdir path=./work",
      "mount source=overlay path=./empty type=overlay options=lowerdir=./dir,lowerdir=/etc/../etc/opt,upperdir=./up,workdir=./work",
      "removexattr path=./work/work name=system.posix_acl_default",
      "removexattr path=./work/work name=system.posix_acl_access",
      "open path=./work",
      "setxattr path=./work/work name=trusted.overlay.opaque",
      "removexattr path=./work/work name=trusted.overlay.opaque",
      "setxattr path=./up name=trusted.overlay.uuid",
      "open path=$IN:unknown/./empty/inner",
      "mount source=overlay path=./dir type=overlay options=datadir=./dir,lowerdir=./no:where",
    ],
  },
  "mount of an overlay with quotes and line feeds": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      'mkdir path=./a"b',
      "mkdir path=./up",
      "mkdir path=./work",
      'mount source=overlay path=./empty type=overlay options=lowerdir=./a"b,upperdir=./up,workdir=./work',
      "removexattr path=./work/work name=system.posix_acl_default",
      "removexattr path=./work/work name=system.posix_acl_access",
      "open path=./work",
      "setxattr path=./work/work name=trusted.overlay.opaque",
      "removexattr path=./work/work name=trusted.overlay.opaque",
      "setxattr path=./up name=trusted.overlay.uuid",
      "mkdir path=./d\\x0ax",
      'mount source=overlay path=./dir type=overlay options=lowerdir=./dir,made-up=",upperdir=./d\\x0ax,workdir=./work',
    ],
  },
  "mount over a directory that the source names": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=dirlink path=./empty type=ecryptfs",
    ],
  },
  "mount of a file system that is set up behind a descriptor": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-string,lowerdir=?unresolved:dir,lowerdir=?unresolved:empty",
      "mount call=fsconfig type=overlay options=set-string,made-up=value",
      "mount call=fsconfig type=overlay options=set-flag,made-up",
      "mount call=fsconfig type=overlay options=set-path,upperdir=?unresolved:dirlink",
      "mount call=fsconfig type=overlay options=create",
      "mount call=fsmount type=overlay flags=0x1",
    ],
  },
  "mount with paths in the keys of its options": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mkdir path=./d\\x0ax=y",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-flag,upperdir=?unresolved:dirlink",
      "mount call=fsconfig type=overlay options=set-flag,lowerdir=?unresolved:dirlink,lowerdir=?unresolved:empty",
      "mount call=fsconfig type=overlay options=set-string,upperdir=?unresolved:d\\x0ax=y",
      "mount call=fsconfig type=overlay options=set-flag,?a\\x20b",
      "mount call=fsconfig type=overlay options=set-string,?a\\x20b=c",
    ],
  },
  "mount with a directory that may go on with the next option": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-flag,upperdir=?unresolved:dir",
      "mount call=fsconfig type=overlay options=set-string,upperdir=?unresolved:dir",
      "mount call=fsconfig type=overlay options=set-flag,made-up\\x5c",
    ],
  },
  "mount of a tree that was copied": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=open_tree path=./dir flags=0x1",
      "mount call=move_mount source=?copy:tmpfs path=./empty",
      "open path=$IN:./dir//inner",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig type=tmpfs options=create",
      "mount call=fsmount type=tmpfs",
      "mount call=move_mount source=?new:tmpfs path=$IN:./dir//",
      "mount call=mount_setattr path=./empty options=set=0x3,clear=0x4,propagation=0x40000",
    ],
  },
  "mount behind one of two descriptors that came at once": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig type=tmpfs options=set-string,size=64k",
      "mount call=fsopen type=overlay",
      "mount call=fsconfig type=overlay options=set-string,lowerdir=?unresolved:dir",
    ],
  },
  "mount with unreadable arguments": {
    why: REFUSED_BEFORE,
    events: ["namespace call=unshare kinds=mount", "mount path=/ flags=0x44000"],
  },
};
