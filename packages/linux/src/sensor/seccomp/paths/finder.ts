/**
 * Finds the object that the kernel will find for a task's path, and that object's canonical path.
 *
 * The kernel itself resolves the path: `openat2(O_PATH)` from the task's root, working directory or descriptor. The result is
 * the object, not its name; its canonical path is read from the descriptor. Only if the supervisor's own identity would show
 * (`/proc/self`, magic links), or the start of a path lies where its task may not come from the root, is it walked component by
 * component (`walk.ts`).
 */
import { close, openat2 } from "../../../abi/libc.ts";
import { EACCES, EAGAIN, EBADF, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV } from "../../../abi/errno.ts";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../../../abi/stat.ts";
import { openHow, terminated } from "../../../abi/bytes.ts";
import { Found } from "../../files/found.ts";
import { PlaceFinder, type Places } from "./places.ts";
import type { ThreadRights } from "../perform/thread-rights.ts";
import type { LaunchPlaces } from "../tasks/launch-places.ts";
import { procOf, type Thread } from "../tasks/process.ts";
import type { KeptFiles } from "./kept-files.ts";
import type { Origins } from "./origins.ts";
import { PlainPaths } from "./plain-paths.ts";
import { PROC_SUPER_MAGIC } from "./proc-entries.ts";
import { absoluteFrom, type OpenAsTask, type Permitted, permits } from "./restrictions.ts";
import { Steps } from "./steps.ts";
import { walk } from "./walk.ts";

/** Errors with which the kernel will refuse the path too: nothing is exchanged. */
export const PATH_ERRORS: ReadonlySet<number> = new Set([ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES, EBADF, EXDEV]);

const hows = {
  follow: openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS),
  stay: openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS),
  followPlain: openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS),
  stayPlain: openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS),
  followInRoot: openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT),
  stayInRoot: openHow(O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT),
  any: openHow(O_PATH | O_CLOEXEC, 0, 0),
};
const SLASH = 0x2f;
/** If this occurs in a path of proc, `/proc/self` may have been resolved to the supervisor. */
const OWN_PID = Buffer.from(`/${process.pid}`);
const mayBeOwn = (out: Found): boolean => out.path.includes(OWN_PID) && out.filesystem === PROC_SUPER_MAGIC;

/** The supervisor may not read the thread's /proc entries (another user, not dumpable): not an answer the kernel would give. */
export const EACCES_TO_TASK = 4095;
/** How often a path is looked up of which it cannot be told whether the task's RESOLVE flags permit it. */
const MOST_LOOKS = 3;
const FOR_LINKS = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

/** RESOLVE_IN_ROOT and RESOLVE_BENEATH give up if a name on the path was renamed meanwhile. */
function openSettled(open: () => number): number {
  let fd = open();
  for (let tries = 0; fd === -EAGAIN && tries < 16; tries++) fd = open();
  return fd;
}

function openInRoot(root: number, path: Buffer, follow: boolean): number {
  return openSettled(() => openat2(root, path, follow ? hows.followInRoot : hows.stayInRoot));
}

function openAny(path: string): number {
  return openat2(AT_FDCWD, terminated(path), hows.any);
}

const SELF = Buffer.from("self");
const WITHIN_MOUNT = openHow(O_PATH | O_CLOEXEC, 0, RESOLVE_NO_XDEV);

/** Whether a path with a missing component may lead through "self" in a mount of proc: by its name, or out of its mount. */
function mayPassSelf(thread: Thread, start: number, path: Buffer, length: number): boolean {
  if (thread.process.countsAnew || path.subarray(0, length).includes(SELF)) return true;
  const fd = openat2(start, path, WITHIN_MOUNT);
  if (fd >= 0) close(fd);
  return fd === -EXDEV;
}

export class PathFinder {
  readonly #places: PlaceFinder;
  readonly #kept: KeptFiles;
  readonly #plainPaths = new PlainPaths();
  /** The rights that are taken on for each search, if they differ from the supervisor's. */
  #rights: ThreadRights | undefined;
  /** Whether `findAs` found what the kernel would find for the thread with its rights: then its errors are the thread's. */
  wentAsTask = false;
  /** Whether the last search ended with a magic link: then no directory was searched for the object's name. */
  endedAtLink = false;
  /** Whether a path of the present call led to an entry of the supervisor's own. */
  ledToSupervisor = false;

  /** Whether what the present search found may be refused by the RESOLVE flags of the task, which only the kernel can tell. */
  #isUntold = false;

  readonly #origins: Origins;

  constructor(kept: KeptFiles, origins: Origins, launchPlaces: LaunchPlaces) {
    this.#places = new PlaceFinder(launchPlaces);
    this.#kept = kept;
    this.#origins = origins;
  }

  /**
   * Finds the object that `path` (NUL-terminated bytes, `length` without the NUL) names for this thread, from descriptor
   * `dirfd` of the task. `follow` false stops at a final symlink; `resolve` are the RESOLVE_ flags of the task's own `openat2`.
   * Returns 0, or a negative errno: `PATH_ERRORS` are the kernel's own answer; any other means that the supervisor could not
   * resolve the path.
   */
  find(out: Found, thread: Thread, dirfd: number, path: Buffer, length: number, follow: boolean, resolve = 0): number {
    for (let looks = 1; ; looks++) {
      this.#isUntold = false;
      const result = this.#noting(out, thread, this.#find(out, thread, dirfd, path, length, follow, resolve));
      if (result < 0 || !this.#isUntold) return result;
      // Files of proc the supervisor does not open in any case.
      if (!this.wentAsTask || this.ledToSupervisor || out.filesystem === PROC_SUPER_MAGIC) {
        this.wentAsTask = false;
        return result;
      }
      // The supervisor must not open what these flags may forbid.
      out.close();
      if (looks === MOST_LOOKS) return (resolve & ~(RESOLVE_CACHED | FOR_LINKS)) !== 0 ? -EXDEV : -ELOOP;
    }
  }

  #find(
    out: Found,
    thread: Thread,
    dirfd: number,
    path: Buffer,
    length: number,
    follow: boolean,
    resolve: number,
  ): number {
    const places = this.#places.of(thread);
    if (!places) return -EACCES_TO_TASK;
    try {
      if (resolve !== 0) {
        const restricted = this.#restricted(out, thread, places, dirfd, path, length, follow, resolve);
        if (restricted !== "no matter") return restricted;
      }
      if (path[0] === SLASH) return this.#from(out, thread, places, AT_FDCWD, path, length, follow);
      if (dirfd === AT_FDCWD) {
        const { cwd } = places;
        return cwd === -EACCES ? -EACCES_TO_TASK : this.#from(out, thread, places, cwd, path, length, follow);
      }
      const start = this.openTaskDescriptor(thread.tid, dirfd);
      if (start < 0) return start;
      try {
        return this.#from(out, thread, places, start, path, length, follow);
      } finally {
        close(start);
      }
    } finally {
      places.shut();
    }
  }

  /**
   * The same with the thread's own rights, if they can be taken on. If they were used all the way (`wentAsTask`), the object
   * may be used in the thread's place, and EACCES is the kernel's answer to the thread.
   */
  findAs(
    rights: ThreadRights | undefined,
    out: Found,
    thread: Thread,
    dirfd: number,
    path: Buffer,
    length: number,
    follow: boolean,
    resolve = 0,
  ): number {
    this.wentAsTask = rights !== undefined;
    this.endedAtLink = false;
    this.#rights = rights;
    try {
      return this.find(out, thread, dirfd, path, length, follow, resolve);
    } finally {
      this.#rights = undefined;
    }
  }

  #open(thread: Thread, open: () => number): number {
    return this.#rights === undefined ? open() : this.#rights.as(thread, open);
  }

  /** Finds the object behind a descriptor of the task. */
  findDescriptor(out: Found, thread: Thread, fd: number): number {
    return this.#held(out, thread, () => this.openTaskDescriptor(thread.tid, fd));
  }

  /** Finds the object behind a descriptor of the supervisor, as the thread sees it. */
  findOwn(out: Found, thread: Thread, fd: number): number {
    return this.#held(out, thread, () => openAny(`/proc/self/fd/${fd}`));
  }

  /** Finds the file of a mapping of the thread, by its range in /proc/TID/map_files. Only for root. */
  findMapped(out: Found, thread: Thread, range: string): number {
    return this.#held(out, thread, () => openAny(`/proc/${thread.tid}/map_files/${range}`));
  }

  /** Finds a thread's working directory. */
  findWorkingDirectory(out: Found, thread: Thread): number {
    return this.#held(out, thread, () => {
      const own = openAny(`${procOf(thread)}/cwd`);
      return own < 0 ? -EACCES_TO_TASK : own;
    });
  }

  /** Adopts what `open` gives a descriptor of, or a negative errno. */
  #held(out: Found, thread: Thread, open: () => number): number {
    const places = this.#places.of(thread);
    if (!places) return -EACCES_TO_TASK;
    try {
      const own = open();
      return own < 0 ? own : this.#noting(out, thread, this.#adopt(out, own, thread, places, false));
    } finally {
      places.shut();
    }
  }

  #noting(out: Found, { tid }: Thread, result: number): number {
    if (result >= 0 && (this.#kept.isClosed(out.stat) || this.#kept.keeps(out, tid))) this.ledToSupervisor = true;
    return result;
  }

  readonly #noteLink = (link: number, directory: number): void => {
    if (this.#kept.keepsLink(link, directory)) this.ledToSupervisor = true;
  };

  /** Whether the path of a directory leads to it, for this thread. */
  isAtItsPath(thread: Thread, directory: Found): boolean {
    const places = this.#places.of(thread);
    if (!places) return false;
    try {
      return this.#origins.isBelow(directory, places);
    } finally {
      places.shut();
    }
  }

  /** An O_PATH descriptor of the supervisor for a descriptor of the task; a negative errno, EBADF if the task does not have it. */
  openTaskDescriptor(tid: number, fd: number): number {
    const own = openAny(`/proc/${tid}/fd/${fd}`);
    if (own !== -ENOENT) return own === -EACCES ? -EACCES_TO_TASK : own;
    // With hidepid, a process that the supervisor may not inspect does not appear at all.
    return this.isClosed(tid) ? -EACCES_TO_TASK : -EBADF;
  }

  /** Whether the supervisor may not inspect a task: it belongs to another user, or made itself undumpable after it was known. */
  isClosed(tid: number): boolean {
    const root = openAny(`/proc/${tid}/root`);
    if (root >= 0) close(root);
    return root < 0;
  }

  #from(
    out: Found,
    thread: Thread,
    places: Places,
    start: number,
    path: Buffer,
    length: number,
    follow: boolean,
  ): number {
    if (start < 0 && start !== AT_FDCWD) return start;
    let fd = -ELOOP;
    const plain = places.root < 0 ? this.#plainPaths.spot(path, length) : undefined;
    if (plain !== undefined) {
      fd = this.#open(thread, () => openat2(AT_FDCWD, path, follow ? hows.followPlain : hows.stayPlain));
      if (fd >= 0) {
        const result = out.adoptNamed(fd, path, length);
        if (result === 0) this.#origins.settle(out, thread, places, true);
        return result;
      }
      if (fd === -ELOOP) this.#plainPaths.leadsOverLinks(plain);
    }
    if (places.root < 0) {
      if (fd === -ELOOP) fd = this.#open(thread, () => openat2(start, path, follow ? hows.follow : hows.stay));
    } else {
      const absolute = path[0] === SLASH ? path : absoluteFrom(this.#origins, places, start, path, length);
      // A path that cannot be expressed from the root is walked from its start.
      fd = absolute ? this.#open(thread, () => openInRoot(places.root, absolute, follow)) : -ENOENT;
    }
    if (fd >= 0) {
      const result = this.#adopt(out, fd, thread, places, path[0] === SLASH);
      out.isReachedFromRoot = path[0] === SLASH && places.root < 0;
      if (result < 0 || !mayBeOwn(out)) return result;
      out.close();
    } else if (!this.#needsWalk(fd, thread, places, start, path, length)) {
      return fd;
    } else if (fd === -ENOENT && this.#isAbsent(thread, places.root, start, path.subarray(0, length), follow)) {
      return fd;
    }
    return this.#walk(out, thread, places, places.root, start, path.subarray(0, length), follow);
  }

  /** Whether an error may be the supervisor's alone. */
  #needsWalk(fd: number, thread: Thread, places: Places, start: number, path: Buffer, length: number): boolean {
    // ELOOP is also the answer of RESOLVE_NO_MAGICLINKS. ENOENT may come from a "self" in /proc that is the supervisor and
    // lacks an entry of the task's, or that does not exist for the supervisor. A relative path was made absolute in another root: the
    // kernel searches no directory above its start.
    if (fd === -ELOOP) return true;
    if (fd === -ENOENT) return places.root >= 0 || mayPassSelf(thread, start, path, length);
    return fd === -EACCES && places.root >= 0 && path[0] !== SLASH;
  }

  /** Whether a walk finds nothing either. It costs less with the supervisor's rights, and most names that are asked for are absent. */
  #isAbsent(thread: Thread, root: number, start: number, path: Buffer, follow: boolean): boolean {
    const steps = new Steps(thread, undefined);
    const fd = walk({ thread, root, start, path, follow, steps, onMagicLink: this.#noteLink });
    if (fd >= 0) close(fd);
    return fd === -ENOENT;
  }

  #walk(
    out: Found,
    thread: Thread,
    places: Places,
    root: number,
    start: number,
    path: Buffer,
    follow: boolean,
  ): number {
    let through: number | undefined;
    const note = (pid: number) => {
      through = pid;
    };
    const steps = new Steps(thread, this.#rights);
    const fd = walk({ thread, root, start, path, follow, steps, onMagicLink: this.#noteLink, through: note });
    this.wentAsTask &&= steps.areTheirs;
    this.endedAtLink = steps.endAtLink;
    return fd < 0 ? fd : this.#adopt(out, fd, thread, places, false, through);
  }

  /** Takes over a descriptor, and determines where its path is valid. */
  #adopt(out: Found, fd: number, thread: Thread, places: Places, byPath: boolean, through?: number): number {
    const result = out.adopt(fd, places);
    if (result === 0) this.#origins.settle(out, thread, places, byPath, through);
    return result;
  }

  /**
   * Resolves as the task's own `openat2` asks. With RESOLVE_IN_ROOT the directory is the root of the path, and with
   * RESOLVE_BENEATH the path never leaves it: the task's own root is not involved, so with the thread's rights the kernel gives the
   * supervisor the task's answer. The other flags only refuse: a path that they permit is found as usual.
   */
  #restricted(
    out: Found,
    thread: Thread,
    places: Places,
    dirfd: number,
    path: Buffer,
    length: number,
    follow: boolean,
    resolve: number,
  ): number | "no matter" {
    // RESOLVE_CACHED refuses no path.
    const asked = resolve & ~RESOLVE_CACHED;
    if (asked === 0) return "no matter";
    const scoped = (asked & (RESOLVE_IN_ROOT | RESOLVE_BENEATH)) !== 0;
    const flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    const open: OpenAsTask = (start, way, restrictions) =>
      openSettled(() => this.#open(thread, () => openat2(start, way, openHow(flags, 0, restrictions))));
    const absolute = (start: number) => absoluteFrom(this.#origins, places, start, path, length);
    // The kernel does not look at the descriptor then, which may be closed.
    if (!scoped && path[0] === SLASH)
      return this.#permitted(permits({ open, places, start: AT_FDCWD, path, absolute }, asked));
    const start = dirfd === AT_FDCWD ? openAny(`${procOf(thread)}/cwd`) : this.openTaskDescriptor(thread.tid, dirfd);
    if (start < 0) return start === -EACCES ? -EACCES_TO_TASK : start;
    try {
      if (!scoped) return this.#permitted(permits({ open, places, start, path, absolute }, asked));
      const fd = open(start, path, asked | RESOLVE_NO_MAGICLINKS);
      if (fd >= 0) {
        const result = this.#adopt(out, fd, thread, places, false);
        if (result < 0 || !mayBeOwn(out)) return result;
        out.close();
      } else if (fd !== -ENOENT || !(places.root >= 0 || mayPassSelf(thread, start, path, length))) return fd;
      this.#isUntold = true;
      return this.#walk(out, thread, places, start, start, path.subarray(0, length), follow);
    } finally {
      close(start);
    }
  }

  #permitted(answer: Permitted): number | "no matter" {
    if (typeof answer === "number") return answer;
    this.#isUntold = answer === "untold";
    return "no matter";
  }
}
