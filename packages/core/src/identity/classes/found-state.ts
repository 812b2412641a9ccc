/**
 * What earlier runs left behind, folded: whether a file was there already, whether a rename replaced one, and with which
 * permissions it was found. Bits that let a file run, or run with other rights, or let every user write it, stay.
 *
 * What was folded says `found`, a word that no sensor uses: no other event can be taken for it.
 */
import type { Event } from "../../event/event.ts";
import type { Operation } from "../../event/operations.ts";

const FOUND = "found";
/** The operations that this is about. */
export const foundOperations: readonly Operation[] = ["create", "open", "rename", "unlink", "truncate"];

/** S_IFMT, S_IFREG */
const TYPE = 0o170000;
const REGULAR = 0o100000;
/** Set-id and sticky bits, whether the owner may execute, and whether every user may write. */
const KEPT = 0o7102;

/** The same event, whatever was found. */
export function foundState(event: Event): Event {
  if (isFoundState(event)) return event;
  switch (event.op) {
    case "create":
      return created(event.actor, event.subject);
    case "open":
      return opened(event);
    case "rename": {
      const { mode, replaces } = event.subject;
      if (!isOwnFile(event) || (replaces !== "yes" && replaces !== "no")) return event;
      return { ...event, subject: { ...event.subject, mode: mode & (TYPE | KEPT), replaces: FOUND } };
    }
    case "unlink":
    case "truncate": {
      const { mode, fs } = event.subject;
      if (!isOwnFile(event)) return event;
      return { ...event, subject: { ...event.subject, mode: mode & (TYPE | KEPT), fs: `${fs},${FOUND}` } };
    }
    default:
      return event;
  }
}

/** Whether an event was folded. */
export function isFoundState(event: Event): boolean {
  if (event.op === "rename") return event.subject.replaces === FOUND;
  if (event.op === "unlink" || event.op === "truncate") return event.subject.fs.endsWith(`,${FOUND}`);
  return (event.op === "create" || event.op === "open") && event.subject.access.endsWith(`,${FOUND}`);
}

/** A file of the actor's own that is opened to be written is the same as one that is created. */
function opened(event: Event<"open">): Event {
  const { access, path, mode, digest } = event.subject;
  const asked = access.split(",");
  if (!isOwnFile(event) || asked.includes("path") || digest !== undefined) return event;
  if (asked.includes("write")) {
    // What is created is empty. To empty what is appended to is another act, wherever the file comes from.
    const without = asked.includes("append") ? asked : asked.filter((word) => word !== "truncate");
    return created(event.actor, { access: without.join(","), path, mode });
  }
  return { ...event, subject: { ...event.subject, access: `${access},${FOUND}`, mode: mode & (TYPE | KEPT) } };
}

function created(actor: Event["actor"], { access, path, mode }: Event<"create">["subject"]): Event {
  return { op: "create", actor, subject: { access: `${access},${FOUND}`, path, mode: mode & KEPT } };
}

/** A regular file that belongs to the actor: what belongs to others is never folded. */
function isOwnFile({ actor, subject }: Event<"open" | "rename" | "unlink" | "truncate">): boolean {
  return (subject.mode & TYPE) === REGULAR && subject.uid === actor.credentials.fsuid;
}
