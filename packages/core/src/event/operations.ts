/**
 * The table of everything a process can do that this project models.
 *
 * An operation is a name and the ordered fields of its subject. Encoding, one-line form, JSON form and the published
 * schema are all derived from this table, so adding an operation is one entry here and one phrase in `phrase.ts`.
 *
 * Field order is part of the `iso1` point profile: never reorder, only append operations.
 */

/**
 * Kinds of field:
 * `path`   canonical absolute path, or a token the lens put in its place, or `?reason…` where none could be found;
 *          escaped text (see `escape.ts`)
 * `text`   escaped text from a closed or small vocabulary
 * `list`   texts, in an order that matters
 * `u32` `octal` `id` `u64`   unsigned integers; `octal` is a file mode, `id` a user or group id
 * `digest` SHA-256 of content
 */
export type FieldKind = "path" | "text" | "list" | "u32" | "octal" | "id" | "u64" | "digest";

export interface Field {
  readonly kind: FieldKind;
  readonly optional: boolean;
}

const must = <K extends FieldKind>(kind: K) => ({ kind, optional: false }) as const;
const may = <K extends FieldKind>(kind: K) => ({ kind, optional: true }) as const;

/** A file-system object as it is when the operation looks at it. `fs` is the class of filesystem (`disk`, `proc`, …). */
const object = {
  path: must("path"),
  mode: must("octal"),
  uid: must("id"),
  gid: must("id"),
  fs: must("text"),
} as const;

/** An object whose content may count. `digest` is there where the lens asks for content. */
const file = { ...object, digest: may("digest") } as const;

/** A socket and the address an operation names. `address` is `127.0.0.1:80`, `[::1]:80`, `/path`, `@abstract` or `family:hex`. */
const endpoint = { family: must("text"), type: must("text"), address: must("text") } as const;

/** Another process: how it relates to the actor, and what code it runs where that is known. */
const target = { relation: must("text"), target: may("digest") } as const;

export const operations = {
  /**
   * `loader`: what the kernel runs to run it, outermost last: interpreters of `#!` scripts, then the ELF interpreter; each
   * `path@digest`. `as`: the name it was called by, where that is not the file's own. `runs`: what it was given to run.
   */
  exec: { ...file, loader: must("list"), as: may("text"), runs: may("list") },
  open: { access: must("text"), ...file },
  /** A file that was not there comes to be, and is opened. `mode` keeps owner and special bits: the rest is the umask's. */
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
  /** Another process's memory, read or written. */
  vm: { access: must("text"), ...target },
  /** A descriptor taken out of another process. */
  getfd: { ...target },

  setid: { call: must("text"), ids: must("list") },
  capset: { effective: must("u64"), permitted: must("u64"), inheritable: must("u64") },
  prctl: { option: must("text"), value: must("text") },

  /**
   * `options`: what the file system or the call is given beside, each `key` or `key=value`, in the order of the keys. Of
   * `fsconfig` the first is the command.
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
  perf: { type: must("text") },
  userfaultfd: {},
  swap: { call: must("text"), path: must("path") },
  reboot: { command: must("text") },
  hostname: { call: must("text") },
  settime: { call: must("text") },
  ioport: { call: must("text") },
  /** io_uring: its submissions would pass the seccomp sensor by. */
  iouring: {},
  /**
   * A system call of another ABI (32-bit, x32), whose number means something else, or of this one (x86-64) with a number that is
   * newer than we are: refused and recorded.
   */
  abi: { arch: must("text"), number: must("u32") },

  /** What another process may use, or how it runs: limits, priority, scheduling, where its memory lies. */
  adjust: { call: must("text"), ...target },
  /** Another process is to get the signals of a descriptor: SIGIO, or any other that is asked for. */
  sigio: { ...target },
  /** Flags of a file beyond its mode: immutable, append-only, … (chattr). */
  setflags: { ...object },
  /** A request to a terminal that acts on whoever uses it. */
  ioctl: { request: must("text"), ...object },
  /** What only administrators may ask for and has no operation of its own. */
  admin: { call: must("text"), path: must("path") },
  /** A group of fanotify: its class and what it reports, and how the files are opened that it hands out (`none`: it hands out none). */
  fanotify: { group: must("text"), access: must("text") },
  /** The group is to hear of these events at an object, or anywhere on its mount, its file system, its mount namespace. */
  "fanotify-mark": { group: must("text"), access: must("text"), scope: must("text"), events: must("text"), ...object },
} as const satisfies Record<string, Record<string, Field>>;

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
