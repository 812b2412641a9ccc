/**
 * Rule `launch-user`: the ids of the launching user, unless that is root, are `user`. The same holds in names that programs
 * give to their directories where all users share one directory for temporaries.
 *
 *   /tmp/tmux-1000/default   →   $TMP/{tmux-@user}/default        /tmp/hsperfdata_ann   →   $TMP/{hsperfdata_@user}
 */
import type { Credentials } from "../../event/event.ts";
import { formatId, LAUNCH_USER } from "../../event/text.ts";
import type { Labelled } from "../creations.ts";
import type { IdKind, Launch } from "../launch.ts";
import { CanisterUsers } from "./canister.ts";

/** (uid_t) −1, which the kernel assigns to no user. */
const NO_ID = 0xffff_ffff;

export class Users {
  readonly #ids: Readonly<Record<IdKind, number>>;
  readonly #canister: CanisterUsers | undefined;
  #atHostRoot = true;

  /** Without a launch no id is levelled. In a container no id is that of the launching user. */
  constructor(launch: Launch | undefined, canister?: Launch["canister"]) {
    this.#canister = canister && new CanisterUsers(canister);
    this.#ids = canister ? { uid: 0, gid: 0 } : { uid: launch?.uid ?? 0, gid: launch?.gid ?? 0 };
  }

  /** Sets the view from which the next ids are seen. */
  seenFrom(atHostRoot: boolean): void {
    this.#atHostRoot = atHostRoot;
  }

  /** One id. An id that happens to equal the constant for the launching user must not be taken for that user. */
  id(seen: number, kind: IdKind): number {
    const id = this.#canister ? this.#canister.id(seen, kind, this.#atHostRoot) : seen;
    if (id === LAUNCH_USER) return this.#ids[kind] === id ? id : NO_ID;
    return id !== 0 && id === this.#ids[kind] ? LAUNCH_USER : id;
  }

  /** An id as decimal text. */
  text(text: string, kind: IdKind): string {
    return /^(?:0|[1-9]\d{0,9})$/.test(text) ? formatId(this.id(Number(text), kind)) : text;
  }

  /** All eight ids; the same object if none changes. */
  credentials(c: Credentials): Credentials {
    const uid = this.id(c.uid, "uid");
    const euid = this.id(c.euid, "uid");
    const suid = this.id(c.suid, "uid");
    const fsuid = this.id(c.fsuid, "uid");
    const gid = this.id(c.gid, "gid");
    const egid = this.id(c.egid, "gid");
    const sgid = this.id(c.sgid, "gid");
    const fsgid = this.id(c.fsgid, "gid");
    const same =
      uid === c.uid &&
      euid === c.euid &&
      suid === c.suid &&
      fsuid === c.fsuid &&
      gid === c.gid &&
      egid === c.egid &&
      sgid === c.sgid &&
      fsgid === c.fsgid;
    return same ? c : { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities: c.capabilities };
  }
}

/** Names in a directory for temporaries that end in the launching user's id or login name, after a separator. */
export class UserNames {
  readonly #endings: readonly string[];

  /** Without a launch no name is levelled. */
  constructor(launch: Launch | undefined) {
    const isOrdinary = launch !== undefined && launch.uid !== 0;
    this.#endings = isOrdinary ? [String(launch.uid), ...(launch.user ? [launch.user] : [])] : [];
  }

  /** The label of the first component after position `from` of a path, if it is such a name. */
  labelIn(path: string, from: number): Labelled | undefined {
    if (this.#endings.length === 0 || from >= path.length) return undefined;
    const slash = path.indexOf("/", from + 1);
    const end = slash < 0 ? path.length : slash;
    const name = path.slice(from + 1, end);
    const ending = this.#endings.find(
      (each) => name.endsWith(each) && /[-_.]/.test(name.charAt(name.length - each.length - 1)),
    );
    // A name that looks like another token stays as it is.
    if (ending === undefined || /[{}#$@]/.test(name)) return undefined;
    const text = `{${name.slice(0, -ending.length)}@user}`;
    return { start: from + 1, end, label: { text, fans: 0, rule: "launch-user" } };
  }
}
