/** The attacks of `attacks.c`: what each run of it says, and which attacks win where nothing is enforced. */

/** In the order in which the program makes them. */
export const ATTACKS = [
  ...["path-only-reopened", "path-only-linked", "path-only-at", "link-of-task", "root-of-task", "unnamed-linked"],
  ...["linked-to-log", "reopened-for-writing", "punched", "flags-of-file", "attribute-of-open", "times-of-open"],
  ...["mode-of-open", "handle-of-file", "handle-of-process", "handle-of-namespace"],
  ...[
    "routed-by-message",
    "routed-by-long-message",
    "routed-by-one-of-several",
    "routed-by-option",
    "routed-by-header",
  ],
  ...["fast-open", "multipath", "raw", "packets", "crypto", "machines", "netlink", "express", "abstract-name"],
  ...["datagram-elsewhere", "key", "key-asked", "quota", "file-attributes", "image-exchanged", "exec-of-memory"],
  ...["made-executable", "ring", "old-call", "core"],
  ...["tree-copied", "tree-attributes", "file-system-made", "picked", "moved-over"],
  ...["own-user-namespace", "own-mounts", "own-time", "own-groups"],
  ...["filter-trace", "user-dispatch", "directory-of-another", "second-listener", "allow-on-top"],
];

/** Only root may, without isoline as well. */
export const ONLY_ROOT: ReadonlySet<string> = new Set([
  "handle-of-file",
  ...["routed-by-message", "routed-by-long-message", "routed-by-one-of-several", "routed-by-option"],
  ...["raw", "packets", "express"],
  ...["tree-copied", "tree-attributes", "file-system-made", "picked", "moved-over"],
]);

/** The kernel wants a program that is mapped nowhere any more (EBUSY), and CAP_SYS_RESOURCE. The test looks for the act in the report. */
export const LOST_ANYWAY: ReadonlySet<string> = new Set(["image-exchanged"]);
/** What the report says of those. */
export const TOLD_ANYWAY = /^prctl option=set-mm value=13$/;

const [EPERM, EINTR, EBADF, ENOSPC, ENOSYS] = [1, 4, 9, 28, 38];
const [ENOPROTOOPT, EPROTONOSUPPORT, EOPNOTSUPP, EAFNOSUPPORT] = [92, 93, 95, 97];
/** What a kernel may lack, and the error by which it says so: these alone may lose outside, and with this error alone. */
const LACKED: Readonly<Record<string, readonly number[]>> = {
  "handle-of-process": [EBADF, EOPNOTSUPP],
  "handle-of-namespace": [EBADF, EOPNOTSUPP],
  multipath: [EPROTONOSUPPORT, ENOPROTOOPT],
  "handle-of-file": [EOPNOTSUPP],
  "routed-by-header": [EAFNOSUPPORT],
  "fast-open": [EOPNOTSUPP],
  // Of the file system: tmpfs and overlay have none.
  quota: [ENOSYS],
  // A kernel without calls of 32 bits ends the process.
  "old-call": [EINTR],
  // The administrator may forbid them to users, or altogether.
  "own-user-namespace": [EPERM, ENOSPC],
  ...{ "own-mounts": [EPERM, ENOSPC], "own-time": [EPERM, ENOSPC], "own-groups": [EPERM, ENOSPC] },
  crypto: [EAFNOSUPPORT],
  machines: [EAFNOSUPPORT],
  express: [EAFNOSUPPORT],
  "file-attributes": [ENOSYS],
  // The administrator may have switched it off.
  ring: [ENOSYS, EPERM],
};

export const won = (stdout: string) => [...stdout.matchAll(/^(\S+) won$/gm)].map(([, name]) => name as string);
export const names = (stdout: string) =>
  [...stdout.matchAll(/^(\S+) (?:won|lost \d+)$/gm)].map(([, name]) => name as string);
/** What this kernel says that it lacks. */
export const lacked = (stdout: string) =>
  [...stdout.matchAll(/^(\S+) lost (\d+)$/gm)]
    .filter(([, name = "", error]) => LACKED[name]?.includes(Number(error)))
    .map(([, name]) => name as string);
