/** Sorts events by kind for a reader who reviews what a program may do: a heading, and a line below it. */
import { type Consequence, consequenceOf } from "@isoline/core/engine";
import {
  endpointPhrase,
  type Event,
  type FieldValue,
  modePhrase,
  type Operation,
  phrase,
  subjectRecord,
} from "@isoline/core/event";

/** A place in the tree of files, with remarks beyond its name; or a plain line. */
export type Activity = Weight &
  (
    | { readonly heading: string; readonly path: string; readonly remark: string }
    | { readonly heading: string; readonly line: string }
  );

/** What could follow from an act; absent for events of other profiles, of which nothing is known. */
interface Weight {
  readonly weight?: { readonly consequence: Consequence; readonly rank: number };
}

/** The headings, those of the graver consequences first. */
export const headings = [
  "executes",
  "privileges",
  "processes",
  "system",
  "connects to",
  "resolves",
  "sends to",
  "listens on",
  "writes",
  "creates",
  "deletes",
  "renames",
  "changes",
  "runs",
  "sockets",
  "reads",
  "looks up",
  "maps",
] as const;

type Heading = (typeof headings)[number];

/** The heading and line of an event. */
export function activityOf(event: Event): Activity {
  const heading = headingOf(event);
  const { consequence, rank } = consequenceOf(event);
  const weight = { consequence, rank };
  const subject = subjectRecord(event);
  const path = subject["path"];
  if (typeof path === "string" && filed.has(heading))
    return { heading, path: isDirectory(subject) ? `${path}/` : path, remark: remarkOf(event), weight };
  if (event.op === "socket") return { heading, line: `${event.subject.family} ${event.subject.type}`, weight };
  if (event.op === "resolve") return { heading, line: hostLine(event.subject), weight };
  return { heading, line: "address" in event.subject ? endpointLine(event) : phrase(event), weight };
}

const filed: ReadonlySet<Heading> = new Set<Heading>([
  "executes",
  "maps",
  "reads",
  "looks up",
  "writes",
  "creates",
  "deletes",
  "renames",
  "changes",
]);

const byOperation: { readonly [O in Operation]: Heading | "by access" } = {
  exec: "executes",
  open: "by access",
  create: "creates",
  map: "maps",
  "map-anonymous": "runs",
  protect: "runs",
  unlink: "deletes",
  rmdir: "deletes",
  rename: "renames",
  link: "renames",
  symlink: "creates",
  mkdir: "creates",
  mknod: "creates",
  truncate: "writes",
  chmod: "changes",
  chown: "changes",
  setxattr: "changes",
  removexattr: "changes",
  utimens: "changes",
  socket: "sockets",
  bind: "listens on",
  listen: "listens on",
  connect: "connects to",
  accept: "listens on",
  send: "sends to",
  kill: "processes",
  ptrace: "processes",
  vm: "processes",
  getfd: "processes",
  setid: "privileges",
  capset: "privileges",
  prctl: "privileges",
  mount: "system",
  umount: "system",
  pivot: "system",
  chroot: "system",
  namespace: "system",
  bpf: "system",
  module: "system",
  kexec: "system",
  keyctl: "system",
  perf: "system",
  userfaultfd: "system",
  swap: "system",
  reboot: "system",
  hostname: "system",
  settime: "system",
  ioport: "system",
  iouring: "system",
  abi: "system",
  adjust: "processes",
  sigio: "processes",
  setflags: "changes",
  ioctl: "system",
  admin: "system",
  fanotify: "system",
  "fanotify-mark": "system",
  resolve: "resolves",
};

function headingOf(event: Event): Heading {
  const heading = byOperation[event.op];
  if (heading !== "by access") return heading;
  const access = String(subjectRecord(event)["access"]).split(",");
  if (access.some((word) => word === "write" || word === "append" || word === "truncate")) return "writes";
  return access.includes("read") ? "reads" : "looks up";
}

/** Details that the path alone does not show. */
function remarkOf(event: Event): string {
  switch (event.op) {
    case "rename":
      return ` → ${event.subject.to}`;
    case "link":
      return ` → ${event.subject.to} (another name)`;
    case "symlink":
      return ` → ${event.subject.content}`;
    case "chmod":
      return ` (mode ${modePhrase(event.subject.to)})`;
    case "chown":
      return " (owner)";
    case "setxattr":
    case "removexattr":
      return ` (attribute ${event.subject.name})`;
    case "utimens":
      return " (times)";
    default:
      return "";
  }
}

function hostLine({ name, records }: { readonly name: string; readonly records: string }): string {
  return records === "address" ? name : `${name} (${records})`;
}

function endpointLine(event: Event): string {
  const subject = event.subject as { family: string; type: string; address: string };
  return endpointPhrase(subject);
}

/** S_IFDIR, checked on the subject before the operation. A directory that mkdir creates has no type bits yet. */
function isDirectory(subject: Readonly<Record<string, FieldValue>>): boolean {
  return (Number(subject["mode"] ?? 0) & 0o170000) === 0o040000 && subject["path"] !== "/";
}
