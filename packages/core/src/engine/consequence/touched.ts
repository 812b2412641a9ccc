/** The places that an act changes, runs, or only looks at. */
import type { Event } from "../../event/event.ts";

export interface Touched {
  readonly changes: readonly string[];
  readonly runs: readonly string[];
  readonly looks: readonly string[];
}

const NOTHING: Touched = { changes: [], runs: [], looks: [] };

/** Words of `access` by which the content of a file can change. */
const WRITING = /(?:^|,)(?:write|append|truncate)(?:,|$)/;

export function changesContent(access: string): boolean {
  return WRITING.test(access);
}

/** A link, a rename or a mount has two places: what it takes, and where it puts it. */
export function touchedBy(event: Event): Touched {
  switch (event.op) {
    case "exec": {
      const { path, loader, runs = [] } = event.subject;
      return { ...NOTHING, runs: [path, ...loader.map(withoutDigest), ...runs.map(withoutDigest).filter(isPath)] };
    }
    case "map":
      return { ...NOTHING, runs: [event.subject.path] };
    case "open":
      return changesContent(event.subject.access)
        ? { ...NOTHING, changes: [event.subject.path], looks: [event.subject.path] }
        : { ...NOTHING, looks: [event.subject.path] };
    case "rename":
      return { ...NOTHING, changes: [event.subject.path, event.subject.to] };
    case "link":
      return { ...NOTHING, changes: [event.subject.to], looks: [event.subject.path] };
    case "symlink":
      return { ...NOTHING, changes: [event.subject.path], looks: [event.subject.content] };
    case "mount":
      return { ...NOTHING, changes: [event.subject.path], looks: [event.subject.source] };
    case "create":
    case "unlink":
    case "rmdir":
    case "mkdir":
    case "mknod":
    case "truncate":
    case "chmod":
    case "chown":
    case "setxattr":
    case "removexattr":
    case "utimens":
    case "setflags":
      return { ...NOTHING, changes: [event.subject.path] };
    case "pivot":
      return { ...NOTHING, looks: [event.subject.path, event.subject.old] };
    case "umount":
    case "chroot":
    case "module":
    case "swap":
    case "admin":
    case "ioctl":
    case "fanotify-mark":
      return { ...NOTHING, looks: [event.subject.path] };
    case "bind":
    case "listen":
    case "connect":
    case "accept":
    case "send":
      return { ...NOTHING, looks: [event.subject.address] };
    default:
      return NOTHING;
  }
}

/** `path@digest`, as loaders and what an interpreter runs are written. */
function withoutDigest(entry: string): string {
  return entry.replace(/@(?:[0-9a-f]{64}|\?)$/, "");
}

/** What an interpreter runs may be a text or its standard input as well. */
function isPath(entry: string): boolean {
  return entry.startsWith("/") || entry.startsWith("$");
}
