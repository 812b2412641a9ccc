/**
 * The table that ranks acts by their consequence: what could follow if the act was not wanted. Reviewed like a policy: each rule
 * says its reason. The first rule that fits an act decides, so the gravest consequence wins where several fit.
 *
 * The table ranks what a reader sees first. It permits and refuses nothing.
 */
import type { Event } from "../../event/event.ts";
import type { Operation } from "../../event/operations.ts";
import { reachOf } from "../address.ts";
import type { Consequence } from "./classes.ts";
import { isInstalled, isInstalledPath } from "./installed.ts";
import { anyOf } from "./place-pattern.ts";
import * as places from "./places.ts";
import { isNullDevice } from "./start-up.ts";
import { touchedBy } from "./touched.ts";

export interface Rule {
  readonly consequence: Consequence;
  /** Comes after the other acts of the same consequence. */
  readonly minor?: true;
  readonly because: string;
  /** The operations it is about; every operation if left out. */
  readonly operations?: readonly Operation[];
  /** The places it is about, and what the act must do there. */
  readonly changes?: readonly string[];
  readonly touches?: readonly string[];
  readonly except?: readonly string[];
  readonly when?: (event: Event) => boolean;
}

const SET_ID_BITS = 0o6000;
const DEVICE_BIT = 0o020000;

const modeGiven = (event: Event): number => {
  if (event.op === "chmod") return event.subject.to;
  return event.op === "create" || event.op === "mknod" || event.op === "mkdir" ? event.subject.mode : 0;
};

const OWN: ReadonlySet<string> = new Set(["self", "child", "own-group"]);
const INSIDE: ReadonlySet<string> = new Set([...OWN, "namespace", "namespace-group"]);

const relationOf = ({ subject }: Event): string => ("relation" in subject ? (subject.relation ?? "self") : "self");
const isOthersProcess = (event: Event): boolean => !OWN.has(relationOf(event));
const isProcessOutside = (event: Event): boolean => !INSIDE.has(relationOf(event));

const runsStrangeCode = (event: Event): boolean => {
  if (event.op === "exec")
    return !isInstalled(event.subject) || (event.subject.runs ?? []).length > 0 || hasStrangeLoader(event);
  return event.op === "map" && !isInstalled(event.subject);
};

const hasStrangeLoader = (event: Event): boolean => touchedBy(event).runs.some((path) => !isInstalledPath(path));

const inTemporary = anyOf(places.temporary);
const isTemporary = (event: Event): boolean => touchedBy(event).changes.every(inTemporary);

export const rules: readonly Rule[] = [
  {
    consequence: "credentials",
    operations: ["vm", "ptrace", "getfd"],
    when: isOthersProcess,
    because: "the memory and the descriptors of another process hold its secrets, and can be changed",
  },
  {
    consequence: "persistence",
    minor: true,
    operations: ["mkdir"],
    changes: places.runsLater,
    except: places.unpacked,
    because: "a directory for what another program or a later session runs or obeys",
  },
  {
    consequence: "persistence",
    changes: places.runsLater,
    except: places.unpacked,
    because: "another program or a later session runs or obeys what stands here",
  },
  {
    consequence: "persistence",
    changes: places.decidesWhoMayEnter,
    because: "it decides which users there are, and what they may do",
  },
  {
    consequence: "credentials",
    touches: places.secrets,
    except: places.readByEveryone,
    because: "keys, passwords and tokens, which open other systems",
  },
  {
    consequence: "credentials",
    operations: ["connect", "send"],
    touches: places.metadataServices,
    because: "the metadata service of a cloud gives the machine's credentials to any program that asks",
  },
  {
    consequence: "credentials",
    operations: ["keyctl"],
    because: "the kernel keeps keys and tokens for the processes of a user",
  },
  {
    consequence: "credentials",
    touches: places.whatAPersonTypes,
    because: "what a person types, shows or says",
  },
  {
    consequence: "persistence",
    minor: true,
    changes: places.configuration,
    because: "the configuration of the machine, and the programs and libraries that every process runs",
  },
  {
    consequence: "privilege",
    operations: [
      "module",
      "kexec",
      "bpf",
      "mount",
      "umount",
      "pivot",
      "chroot",
      "reboot",
      "swap",
      "ioport",
      "iouring",
      "abi",
    ],
    because: "it changes the kernel, or what processes see of the machine",
  },
  {
    consequence: "privilege",
    operations: [
      "settime",
      "hostname",
      "admin",
      "fanotify",
      "fanotify-mark",
      "userfaultfd",
      "perf",
      "namespace",
      "capset",
      "setid",
    ],
    because: "it needs or gives privileges over other processes or the machine",
  },
  {
    consequence: "privilege",
    operations: ["chmod", "create", "mknod", "mkdir"],
    when: (event) => (modeGiven(event) & SET_ID_BITS) !== 0 && event.op !== "mkdir",
    because: "a program with the set-user-ID or set-group-ID bit runs with the rights of its owner",
  },
  {
    consequence: "privilege",
    operations: ["mknod"],
    when: (event) => (modeGiven(event) & 0o170000 & DEVICE_BIT) !== 0,
    because: "a device file reaches the driver itself",
  },
  {
    consequence: "privilege",
    operations: ["setxattr", "removexattr"],
    when: (event) => "name" in event.subject && event.subject.name.startsWith("security."),
    because: "capabilities and labels of a program",
  },
  {
    consequence: "privilege",
    operations: ["kill", "adjust", "sigio"],
    when: isProcessOutside,
    because: "it stops, slows or steers a process that the program did not start",
  },
  {
    consequence: "privilege",
    operations: ["ioctl"],
    because: "it acts on the user of a terminal: typed input, the clipboard, the keys",
  },
  {
    consequence: "privilege",
    touches: places.controlSockets,
    because: "the service behind this socket does with root's rights what it is told",
  },
  {
    consequence: "privilege",
    changes: places.kernelSettings,
    because: "a setting of the kernel, or a device below the file system",
  },
  {
    consequence: "privilege",
    touches: places.kernelMemory,
    because: "the memory of the kernel or of the whole machine",
  },
  {
    consequence: "execution",
    operations: ["exec", "map"],
    when: runsStrangeCode,
    because: "code that no package of the system installed, or that was given on the command line",
  },
  {
    consequence: "execution",
    minor: true,
    operations: ["exec"],
    because: "a program of the system; what it does is listed itself",
  },
  {
    consequence: "network",
    operations: ["connect", "send", "bind", "listen", "accept"],
    when: (event) => reachOf(event) === "outside",
    because: "another machine is reached, or may reach this one",
  },
  {
    consequence: "network",
    operations: ["resolve"],
    because: "a name is looked up, and the question itself can carry data away",
  },
  {
    consequence: "network",
    operations: ["connect", "send", "bind", "listen", "accept"],
    when: (event) => reachOf(event) === "loopback",
    because: "a service of this machine, or one that it will offer",
  },
  {
    consequence: "network",
    operations: ["socket"],
    when: (event) => event.op === "socket" && (event.subject.family === "packet" || event.subject.type === "raw"),
    because: "such a socket sees what others send",
  },
  {
    consequence: "network",
    minor: true,
    operations: ["socket", "connect", "send", "bind", "listen", "accept"],
    because: "a process of this machine, or a socket that is not connected yet",
  },
  {
    consequence: "execution",
    minor: true,
    operations: ["map-anonymous", "protect"],
    because: "memory becomes code with no file behind it, as compilers at run time do it",
  },
  {
    consequence: "change",
    changes: places.traces,
    because: "the logs and histories that an investigation needs",
  },
  {
    consequence: "change",
    operations: ["unlink", "rmdir", "truncate", "rename"],
    when: (event) => !isTemporary(event),
    because: "what was there is gone",
  },
  {
    consequence: "change",
    operations: ["setflags", "chmod", "chown", "setxattr", "removexattr"],
    when: (event) => !isTemporary(event),
    because: "other users or programs may use the file, or no longer",
  },
  {
    consequence: "read",
    minor: true,
    when: isNullDevice,
    because: "a device such as /dev/null, which keeps nothing of what is written to it",
  },
  {
    consequence: "change",
    when: (event) => touchedBy(event).changes.length > 0 && !isTemporary(event),
    because: "files are written or made",
  },
  {
    consequence: "change",
    minor: true,
    when: (event) => touchedBy(event).changes.length > 0,
    because: "files for a while, which no other program is expected to use",
  },
  {
    consequence: "change",
    minor: true,
    operations: ["kill", "adjust", "sigio", "prctl", "vm", "ptrace", "getfd"],
    because: "the program's own processes",
  },
  {
    consequence: "read",
    touches: places.tellsOfTheMachine,
    because: "users, hosts and processes of the machine: what an intruder looks up first",
  },
  {
    consequence: "read",
    operations: ["open"],
    when: (event) =>
      event.op === "open" && !isInstalledPath(event.subject.path) && !event.subject.path.startsWith("/usr/share/"),
    because: "data of a user or of the machine",
  },
  {
    consequence: "read",
    minor: true,
    because: "programs, libraries and data that packages install",
  },
];
