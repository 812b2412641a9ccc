/**
 * The table of all operations of a process that this project models.
 *
 * An operation is a name and the ordered fields of its subject. Encoding, one-line form, JSON form and the published schema are
 * all derived from this table, so adding an operation is one entry here and one phrase in `phrase.ts`.
 *
 * Field order is part of the `iso1` point profile: never reorder, only append operations.
 */

/**
 * Kinds of field:
 *
 *   `path`    canonical absolute path, or a token that the lens put in its place, or `?reason…` if none could be found;
 *             escaped text (see `escape.ts`)
 *   `text`    escaped text from a closed or small vocabulary
 *   `list`    texts in a significant order
 *   `u32` `octal` `id` `u64`   unsigned integers; `octal` is a file mode, `id` a user or group id
 *   `digest`  SHA-256 of content
 */
export type FieldKind = "path" | "text" | "list" | "u32" | "octal" | "id" | "u64" | "digest";

export interface Field {
  readonly kind: FieldKind;
  readonly optional: boolean;
}

const must = <K extends FieldKind>(kind: K) => ({ kind, optional: false }) as const;
const may = <K extends FieldKind>(kind: K) => ({ kind, optional: true }) as const;

/** A file-system object at the moment of the operation. `fs` is the class of the file system (`disk`, `proc`, …). */
const object = {
  path: must("path"),
  mode: must("octal"),
  uid: must("id"),
  gid: must("id"),
  fs: must("text"),
} as const;

/** An object whose content may count. `digest` is present if the lens asks for content. */
const file = { ...object, digest: may("digest") } as const;

/** A socket and the address an operation names. `address` is `127.0.0.1:80`, `[::1]:80`, `/path`, `@abstract` or `family:hex`. */
const endpoint = { family: must("text"), type: must("text"), address: must("text") } as const;

/** Another process: its relation to the actor, and the code it runs if that is known. */
const target = { relation: must("text"), target: may("digest") } as const;

export const operations = {
  /**
   * `loader`: the files that the kernel loads to run this one, outermost last: interpreters of `#!` scripts, then the ELF
   * interpreter; each `path@digest`. `as`: the name it was called by, if that is not the name of the file. `runs`: what it was
   * given to run.
   */
  exec: { ...file, loader: must("list"), as: may("text"), runs: may("list") },
  open: { access: must("text"), ...file },
  /** A file that did not exist is created and opened. `mode` keeps owner and special bits; the other bits depend on the umask. */
  create: { access: must("text"), path: must("path"), mode: must("octal") },
  /** A file becomes executable memory. */
  map: { access: must("text"), ...file },
  /** Executable memory with no file behind it. */
  "map-anonymous": { access: must("text") },
  /** Memory that is already mapped becomes executable. */
  protect: { access: must("text") },
  unlink: { ...object },
  rmdir: { ...object },
  rename: { ...object, to: must("path"), replaces: must("text") },
  link: { ...object, to: must("path") },
  symlink: { path: must("path"), content: must("path") },
  mkdir: { path: must("path"), mode: must("octal") },
  mknod: { path: must("path"), mode: must("octal"), device: must("text") },
  truncate: { ...object },
  chmod: { ...object, to: must("octal") },
  chown: { ...object, owner: must("id"), group: must("id") },
  setxattr: { ...object, name: must("text") },
  removexattr: { ...object, name: must("text") },
  utimens: { ...object },

  socket: { family: must("text"), type: must("text"), protocol: must("u32") },
  bind: { ...endpoint },
  listen: { ...endpoint },
  connect: { ...endpoint },
  accept: { ...endpoint },
  send: { ...endpoint },

  kill: { signal: must("u32"), ...target },
  ptrace: { request: must("text"), ...target },
  /** Memory of another process is read or written. */
  vm: { access: must("text"), ...target },
  /** A descriptor is taken from another process. */
  getfd: { ...target },

  setid: { call: must("text"), ids: must("list") },
  capset: { effective: must("u64"), permitted: must("u64"), inheritable: must("u64") },
  prctl: { option: must("text"), value: must("text") },

  /**
   * `options`: what is passed to the file system or to the call, each `key` or `key=value`, in the order of the keys. The first
   * option of `fsconfig` is its command.
   */
  mount: {
    call: must("text"),
    source: must("text"),
    path: must("path"),
    type: must("text"),
    flags: must("u64"),
    options: must("list"),
  },
  umount: { path: must("path"), flags: must("u32") },
  pivot: { path: must("path"), old: must("path") },
  chroot: { path: must("path") },
  namespace: { call: must("text"), kinds: must("text") },

  bpf: { command: must("text") },
  module: { call: must("text"), path: must("path"), digest: may("digest") },
  kexec: { call: must("text") },
  keyctl: { call: must("text"), operation: must("text") },
  /** `relation`: of what is counted; left out: the process itself. */
  perf: { type: must("text"), relation: may("text") },
  userfaultfd: {},
  swap: { call: must("text"), path: must("path") },
  reboot: { command: must("text") },
  hostname: { call: must("text") },
  settime: { call: must("text") },
  ioport: { call: must("text") },
  /** io_uring: its submissions would bypass the seccomp sensor. */
  iouring: {},
  /**
   * A system call of another ABI (32-bit, x32), where numbers mean other calls, or a call of x86-64 with a number newer than
   * this version knows. Refused and recorded.
   */
  abi: { arch: must("text"), number: must("u32") },

  /** Resources and scheduling of another process: limits, priority, scheduler, placement of memory. */
  adjust: { call: must("text"), ...target },
  /** Another process becomes the receiver of a descriptor's signals: SIGIO, or another signal that is requested. */
  sigio: { ...target },
  /** Flags of a file beyond its mode: immutable, append-only, … (chattr). */
  setflags: { ...object },
  /** A request to a terminal that acts on the user of the terminal. */
  ioctl: { request: must("text"), ...object },
  /** A privileged call that has no operation of its own. */
  admin: { call: must("text"), path: must("path") },
  /**
   * A fanotify group is created: its class, what it reports, and how it opens the files that it passes on (`none`: it passes on
   * none).
   */
  fanotify: { group: must("text"), access: must("text") },
  /** The group asks for these events at an object, or on the object's whole mount, file system or mount namespace. */
  "fanotify-mark": { group: must("text"), access: must("text"), scope: must("text"), events: must("text"), ...object },
  /**
   * A host name is looked up. `name` is escaped text in lower case, or `?malformed`. `records`: `address`, or the kind of record
   * that is asked for.
   */
  resolve: { name: must("text"), records: must("text") },
} as const satisfies Record<string, Record<string, Field>>;

/** The name of an operation: docs/spec/operations.md lists them. */
export type Operation = keyof typeof operations;

/** All operation names in the order of the table. */
export const operationNames = Object.keys(operations) as Operation[];

export function isOperation(name: string): name is Operation {
  return Object.hasOwn(operations, name);
}

/** The fields of an operation as `[name, field]` pairs, in the order that encodings use. */
export function fieldsOf(operation: Operation): readonly (readonly [string, Field])[] {
  return fieldTable[operation];
}

const fieldTable = Object.fromEntries(
  operationNames.map((name) => [name, Object.entries(operations[name] as Record<string, Field>)]),
) as unknown as Record<Operation, readonly (readonly [string, Field])[]>;
