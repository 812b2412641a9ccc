/** A workload that starts as another user, as if that user had started isoline. */
import { findUser, type User } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { Entry } from "../namespace/entry.ts";

/** The start state as it would be if that user had started isoline; unchanged if none is named. */
export function entryAs(text: string | undefined, entry: Entry): Entry {
  if (text === undefined) return entry;
  if (process.geteuid?.() !== 0)
    throw usage("--user needs root: other users may not become another user; leave it out");
  const [, uid, gid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const found = findUser(uid === undefined ? text : id(uid));
  if (uid !== undefined && gid !== undefined) {
    const groups = [id(gid)];
    return {
      ...entry,
      environment: environmentOf(entry, found),
      user: { ...found, uid: id(uid), gid: id(gid), groups },
    };
  }
  if (found) return { ...entry, environment: environmentOf(entry, found), user: found };
  throw usage(
    `expected a user of this machine, or UID:GID, got ${JSON.stringify(text.slice(0, 40))}; see getent passwd`,
  );
}

/** The largest valid id: the next number means "do not change" to the kernel. */
const LAST_ID = 2 ** 32 - 2;

function id(text: string | undefined): number {
  const number = Number(text);
  if (number <= LAST_ID) return number;
  throw usage(`expected ids of at most ${LAST_ID}, got ${text}`);
}

/** The environment of this process, with the variables that name the user replaced. */
function environmentOf({ environment }: Entry, user: User | undefined): Uint8Array[] {
  const { name, home = "/", shell } = user ?? {};
  const own = Object.entries({ HOME: home, USER: name, LOGNAME: name, SHELL: shell });
  const others = environment.filter((entry) => {
    const text = Buffer.from(entry).toString("latin1");
    return !own.some(([variable]) => text.startsWith(`${variable}=`));
  });
  return [
    ...others,
    ...own.flatMap(([variable, value]) => (value === undefined ? [] : [Buffer.from(`${variable}=${value}`)])),
  ];
}

function usage(message: string): CliError {
  return new CliError("usage", message);
}
