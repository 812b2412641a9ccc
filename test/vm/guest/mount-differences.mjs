/** Where the bpf sensor sees mounts, and the paths below them, differently from the seccomp sensor. */

const AS_GIVEN =
  "the sources of a mount are recorded as given, and paths do not say which mount or root they belong to";
const REFUSED_BEFORE = "the kernel refuses the call before it calls the hook";

/** @type {Readonly<Record<string, import("./differences.mjs").Difference>>} By what the case does. */
export const mountDifferences = {
  "mount and umount": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=tmpfs path=./dir type=tmpfs flags=0x2 options=size=4k",
      "mount source=file path=./other type=none flags=0x1000",
      "umount path=./other flags=2",
      "umount path=./dir flags=0",
    ],
  },
  "umount of a former working directory": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount path=./dir",
      "open path=./dir",
      "umount path=./dir flags=0",
    ],
  },
  "mount by the newer calls": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig options=create",
      "mount call=fsmount",
      "mount call=move_mount path=./dir",
      "mount call=open_tree path=./dir",
      "mount call=mount_setattr path=./dir",
      "mount call=fspick path=./dir",
    ],
  },
  "pivot root": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=dir path=./dir flags=0x1000",
      "mkdir path=./dir/old",
      "pivot path=./dir old=./dir/old",
      "open path=/inner",
      "open path=/old/etc/hostname",
    ],
  },
  "mount of an overlay": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mkdir path=./up",
      "mkdir path=./work",
      "mount source=overlay path=./empty type=overlay options=lowerdir=?unresolved:dir,lowerdir=/etc/../etc/opt,upperdir=?unresolved:./up,workdir=?unresolved:work",
      "removexattr path=./work/work name=system.posix_acl_default",
      "removexattr path=./work/work name=system.posix_acl_access",
      "open path=./work",
      "setxattr path=./work/work name=trusted.overlay.opaque",
      "removexattr path=./work/work name=trusted.overlay.opaque",
      "setxattr path=./up name=trusted.overlay.uuid",
      "open path=./empty/inner",
      "mount source=overlay path=./dir type=overlay options=datadir=?unresolved:dir,lowerdir=?unresolved:no:where",
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
      "mount call=fsconfig type=none options=create",
      "mount call=fsmount",
    ],
  },
  "mount of a tree that was copied": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount call=open_tree path=./dir",
      "mount call=move_mount path=./empty",
      "open path=./empty/inner",
      "mount call=fsopen type=tmpfs",
      "mount call=fsconfig options=create",
      "mount call=fsmount",
      "mount call=mount_setattr path=./empty",
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
  "path through a mount of a directory elsewhere": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=dir path=./empty",
      "open path=./empty/inner",
      "open path=./file",
      "create path=./empty/new",
    ],
  },
  "path in a mount over the working directory": {
    why: AS_GIVEN,
    events: [
      "namespace call=unshare kinds=mount",
      "mount path=/ flags=0x44000",
      "mount source=../empty path=./dir",
      "open path=./dir/inner",
    ],
  },
  "mount with unreadable arguments": {
    why: REFUSED_BEFORE,
    events: ["namespace call=unshare kinds=mount", "mount path=/ flags=0x44000"],
  },
  "chroot to files that are another's elsewhere": {
    why: AS_GIVEN,
    events: [
      "mkdir path=./dir/etc",
      "create path=./dir/etc/shadow",
      "open path=./file",
      "rename path=./file",
      "mknod path=./file",
      "setid call=setresuid",
      "as 65534: open path=./moved",
      "as 65534: setid call=setresuid",
      "chroot path=./dir",
      "setid call=setresuid ids=-1,65534,-1",
      "as 65534: open path=/etc/shadow",
    ],
  },
  "chroot and remain outside": {
    why: AS_GIVEN,
    events: [
      "open path=.",
      "chroot path=./dir",
      "open path=?outside:./file",
      "open path=?outside:./other",
      "create path=?outside:./new",
      "open path=/inner",
      "rename path=?outside:./link to=?outside:./moved",
    ],
  },
  "path in a changed root through proc": {
    why: AS_GIVEN,
    events: [
      "mkdir path=./dir/etc",
      "chroot path=./dir",
      "create path=/etc/hostname",
      "open path=/etc/hostname",
      "symlink path=/away content=/etc/hostname",
    ],
  },
};
