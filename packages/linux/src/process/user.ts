/** Switching to another user: the user's ids according to the C library, and the change of one thread. */
import { addressOf, findPasswd, groupsOf, setgroups, setresgid, setresuid } from "../abi/libc.ts";

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

export interface User extends Credentials {
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** `struct passwd` of the GNU C library on 64 bits (pwd.h): where the fields are, and how long it is. */
const passwd = { name: 0, uid: 16, gid: 20, home: 32, shell: 40, bytes: 48 } as const;
const MOST_TEXT = 16_384;
/** `NGROUPS_MAX` (linux/limits.h). */
const MOST_GROUPS = 65_536;

/** The user of a name or a number; undefined if there is none, or the lookup fails. */
export function findUser(who: string | number): User | undefined {
  const entry = Buffer.alloc(passwd.bytes);
  const text = Buffer.alloc(MOST_TEXT);
  if (!findPasswd(who, entry, text)) return undefined;
  const string = (field: number) => {
    const start = Number(entry.readBigUInt64LE(field) - addressOf(text));
    return text.toString("utf8", start, text.indexOf(0, start));
  };
  const [name, uid, gid] = [string(passwd.name), entry.readUInt32LE(passwd.uid), entry.readUInt32LE(passwd.gid)];
  const groups = Buffer.alloc(4 * MOST_GROUPS);
  const count = groupsOf(name, gid, groups, MOST_GROUPS);
  if (count < 0) return undefined;
  const numbers = Array.from({ length: count }, (_, index) => groups.readUInt32LE(4 * index));
  return { name, uid, gid, groups: numbers, home: string(passwd.home), shell: string(passwd.shell) };
}

/**
 * Gives the calling thread, and every process that it starts from now on, the ids of another user; the rest of this process
 * keeps its ids. Returns 0, or a negative errno, after which the thread must not start anything.
 */
export function becomeUser({ uid, gid, groups }: Credentials): number {
  const list = Buffer.alloc(4 * groups.length);
  groups.forEach((group, index) => list.writeUInt32LE(group, 4 * index));
  return setgroups(groups.length, list) || setresgid(gid) || setresuid(uid);
}
