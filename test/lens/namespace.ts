/** A simulated behaviour namespace: the events that a sensor would report of its processes, on one machine or another. */
import { ZERO_DIGEST } from "@isoline/core/digest";
import { type Credentials, type Event, formatAct, type Operation, type Subject } from "@isoline/core/event";
import {
  type ControlGroup,
  DEFAULT_POLICY,
  type Launch,
  Leveller,
  type Observation,
  type Policy,
  type Surroundings,
} from "@isoline/core/identity";

/** The values that differ from machine to machine and from run to run. */
export interface Machine {
  readonly cwd: string;
  readonly home: string;
  readonly temp: readonly string[];
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  /** Process ids of the namespace, in the order of the starts. */
  readonly pids: readonly number[];
  /** Ports that the kernel assigns. */
  readonly ports: readonly number[];
  readonly controlGroups?: readonly ControlGroup[];
  /** Abstract names of sockets outside the namespace. */
  readonly strangers?: readonly string[];
}

export const ann: Machine = {
  cwd: "/home/ann/app",
  home: "/home/ann",
  temp: ["/tmp", "/var/tmp"],
  uid: 1000,
  gid: 1000,
  user: "ann",
  pids: [4711, 4712, 4713, 4714],
  ports: [43211, 43212],
  strangers: ["@beef5", "@/tmp/dbus-Str4ng3r77"],
};

export const bob: Machine = {
  cwd: "/builds/7f/app",
  home: "/root-of/bob",
  temp: ["/scratch/bob", "/tmp", "/var/tmp"],
  uid: 4242,
  gid: 100,
  user: "bob",
  pids: [90_001, 90_020, 90_033, 90_040],
  ports: [50_001, 50_777],
};

type Loose = Readonly<Record<string, unknown>>;
const object = (path: string, uid: number) => ({ path, mode: 0o100644, uid, gid: 0, fs: "disk" });

export class Namespace {
  readonly machine: Machine;
  readonly leveller: Leveller;

  constructor(machine: Machine = ann, policy: Policy = DEFAULT_POLICY) {
    this.machine = machine;
    const { cwd, home, temp, uid, gid, user, controlGroups = [] } = machine;
    const launch: Launch = { cwd, home, temp, uid, gid, user, controlGroups, ephemeralPorts: [32_768, 60_999] };
    const relationOf: Surroundings["relationOf"] = (pid, actor) =>
      pid === actor ? "self" : machine.pids.includes(pid) ? "namespace" : "outside";
    const surroundings: Surroundings = {
      relationOf,
      ownerIn: relationOf,
      isOwnPort: ({ port, type, isReached }) => machine.ports.includes(port) && !(isReached && type === "dgram"),
      isOwnPeer: ({ port }) => port !== 40_001,
      ownerOfName: (name) => (machine.strangers?.includes(name) ? "others" : name === "@dead5" ? "nobody" : "own"),
    };
    this.leveller = new Leveller(policy, launch, surroundings);
  }

  process(index: number, program: string): Process {
    return new Process(this, this.machine.pids[index] as number, program);
  }

  fired(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.leveller.firings()).filter(([, count]) => count > 0));
  }
}

/** A process and its acts; each act gives the line that a contour would contain. */
export class Process {
  readonly namespace: Namespace;
  readonly pid: number;
  readonly program: string;

  constructor(namespace: Namespace, pid: number, program: string) {
    this.namespace = namespace;
    this.pid = pid;
    this.program = program;
  }

  level<O extends Operation>(op: O, subject: Subject<O> | Loose, at: Partial<Observation> = {}): Event {
    return this.namespace.leveller.level(this.#seen(op, subject), this.#observe(at));
  }

  overlooks<O extends Operation>(op: O, subject: Subject<O> | Loose, at: Partial<Observation> = {}): boolean {
    return this.namespace.leveller.overlooks(this.#seen(op, subject), this.#observe(at));
  }

  does<O extends Operation>(op: O, subject: Subject<O> | Loose, at: Partial<Observation> = {}): string {
    return formatAct(this.level(op, subject, at));
  }

  /** Only the path of an open: most rules of the lens change paths. */
  sees(path: string): string {
    return this.#pathOf("open", { access: "read", ...this.object(path) });
  }

  creates(path: string, at: Partial<Observation> = { requestedMode: 0o666 }): string {
    return this.#pathOf("create", { access: "write", path, mode: 0o600 }, at);
  }

  /** mkstemp: new, private. */
  draws(path: string): string {
    return this.creates(path, { exclusive: true, requestedMode: 0o600 });
  }

  makesDirectory(path: string, requestedMode = 0o777): string {
    return this.#pathOf("mkdir", { path, mode: requestedMode & 0o700 }, { requestedMode });
  }

  unlinks(path: string): string {
    return this.#pathOf("unlink", this.object(path));
  }

  renames(path: string, to: string, replaces = "no"): string {
    const line = this.does("rename", { ...this.object(path), to, replaces });
    return line.replace(/^rename path=(\S+) .* to=(\S+) .*$/, "$1 → $2");
  }

  address(op: "bind" | "listen" | "connect" | "accept" | "send", address: string): string {
    const family = address.startsWith("/") || address.startsWith("@") ? "unix" : "inet";
    return this.does(op, { family, type: "stream", address }).replace(/^.* address=/, "");
  }

  object(path: string): ReturnType<typeof object> {
    return object(path, this.namespace.machine.uid);
  }

  #seen(op: Operation, subject: unknown): Event {
    const { uid, gid } = this.namespace.machine;
    const actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: credentialsOf(uid, gid) };
    return { op, actor, subject } as unknown as Event;
  }

  #observe(at: Partial<Observation>): Observation {
    return { pid: this.pid, tid: this.pid, program: this.program, ...at };
  }

  #pathOf(op: Operation, subject: Loose, at: Partial<Observation> = {}): string {
    return this.does(op, subject, at).replace(/^.*? path=(\S+).*$/, "$1");
  }
}

function credentialsOf(uid: number, gid: number): Credentials {
  return { uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, capabilities: 0n };
}
