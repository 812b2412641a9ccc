/**
 * Applies the lens: turns an event of a sensor into the event that is hashed.
 *
 *   sensor's event     open path=/home/ann/app/node_modules/x.js uid=1000 …
 *   levelled event     open path=$CWD/node_modules/x.js uid=user …
 *
 * There is one step for each field of the operation table. A step that changes nothing costs next to nothing, and an event
 * without any change is returned as it is. The leveller must get every event that creates, moves or removes names
 * (`changesNames`), in the order in which they happen.
 */
import type { Event, FieldValue } from "../event/event.ts";
import { subjectRecord } from "../event/event.ts";
import { type Field, fieldsOf, type Operation, operationNames } from "../event/operations.ts";
import type { CanisterPlaces, IdKind, Launch } from "./launch.ts";
import { LinkTexts } from "./link-text.ts";
import type { Observation, Surroundings } from "./observation.ts";
import { PathLens } from "./path-lens.ts";
import { literal } from "./path-text.ts";
import { NET, placedAddress } from "./placed-path.ts";
import type { Policy } from "./policy.ts";
import { AUTOBIND, isAutobound, localPort } from "./rules/addresses.ts";
import { hostAddress, HOST_FAMILY } from "./rules/host-names.ts";
import { formatRun, levelledName, parseRun, TEXT } from "./rules/called.ts";
import { CanisterDirectories } from "./rules/canister.ts";
import {
  endsOwn,
  isAllocatorsQuestion,
  isHandleOfDirectory,
  isListing,
  isPreemption,
  mayReadImage,
  readsImage,
} from "./rules/overlooked.ts";
import { levelOption } from "./rules/mount-options.ts";
import { Firings, type RuleName } from "./rules/table.ts";
import { Users } from "./rules/users.ts";
import { OUTPUT, STATE, ToolPlaces } from "./tools/places.ts";
import type { Call } from "./task.ts";

type Value = Exclude<FieldValue, undefined>;
type Fields = Readonly<Record<string, FieldValue>>;
/** Levels one field; undefined removes an optional field. `subject` is the sensor's; `levelled` holds the fields before this one. */
type Step = (value: Value, at: Observation, subject: Fields, levelled: Fields) => FieldValue;
type Plan = Readonly<Record<Operation, readonly (readonly [field: string, step: Step])[]>>;

/** What the act does with an address, and the kind of socket. */
interface SocketUse {
  readonly operation: Operation;
  readonly type: string;
}

/** S_IFIFO, S_IFSOCK, S_IFREG. */
const NO_DEVICE_TYPES = new Set([0o010000, 0o140000, 0o100000]);
const NO_DEVICE = "-";
/** S_IFMT */
const FILE_TYPE = 0o170000;

export class Leveller {
  readonly #policy: Policy;
  readonly #launch: Launch;
  readonly #surroundings: Surroundings;
  readonly #firings = new Firings();
  readonly #host: CanisterDirectories | undefined;
  readonly #paths: PathLens;
  readonly #links: LinkTexts;
  readonly #users: Users;
  readonly #userRule: RuleName;
  readonly #plan: Plan;
  readonly #tools: ToolPlaces | undefined;

  constructor(policy: Policy, launch: Launch, surroundings: Surroundings) {
    this.#policy = policy;
    this.#launch = launch;
    this.#surroundings = surroundings;
    this.#host = launch.canister && new CanisterDirectories(launch.canister);
    this.#paths = new PathLens(policy, launch, surroundings, this.#firings, this.#host);
    this.#links = new LinkTexts(this.#paths);
    this.#users = new Users(policy.rules["launch-user"] ? launch : undefined, launch.canister);
    this.#userRule = launch.canister ? "canister" : "launch-user";
    const tools = new ToolPlaces(policy.tools);
    this.#tools = tools.isEmpty ? undefined : tools;
    this.#plan = Object.fromEntries(operationNames.map((name) => [name, this.#stepsOf(name)])) as unknown as Plan;
  }

  /** Whether the event exchanges nothing that counts: then it is dropped. Takes the sensor's event. */
  overlooks(event: Event, at: Observation): boolean {
    if (event.op === "kill" && this.#launch.canister && (isPreemption(event, at) || endsOwn(event, at)))
      return this.#overlooked("canister");
    if (event.op !== "open" && event.op !== "map") return false;
    const { rules, content } = this.#policy;
    if (rules.allocator && isAllocatorsQuestion(event)) return this.#overlooked("allocator");
    if (rules["way-down"] && isHandleOfDirectory(event) && this.#paths.isWayDown(event.subject.path))
      return this.#overlooked("way-down");
    if (isListing(event) && this.#paths.created.isFan(event.subject.path)) return this.#overlooked("content-address");
    if (!rules["own-image"] || !at.images || !mayReadImage(event, at.images)) return false;
    const path = this.levelPath(event.subject.path, at);
    const counts = content === "read" && this.#paths.contentCounts(path);
    return readsImage(event, path, at.images, counts) && this.#overlooked("own-image");
  }

  /** The event that is hashed. */
  level(event: Event, at: Observation): Event {
    const levelled = this.#levelled(event, at);
    return this.#tools === undefined ? levelled : this.#withTools(this.#tools, levelled, at);
  }

  /** The program of a tool may do what it did, whatever an earlier run left there. */
  #withTools(tools: ToolPlaces, event: Event, { toolNames = [] }: Observation): Event {
    const applied = tools.apply(event, toolNames);
    if (applied !== event) this.#firings.count(ruleOf(applied));
    return applied;
  }

  #levelled(event: Event, at: Observation): Event {
    this.#paths.created.settle();
    this.#seenFrom(at);
    const credentials = this.#users.credentials(event.actor.credentials);
    const subject = this.#subject(event, at);
    if (credentials === event.actor.credentials && subject === event.subject) return event;
    if (credentials !== event.actor.credentials) this.#firings.count(this.#userRule);
    const actor = credentials === event.actor.credentials ? event.actor : { ...event.actor, credentials };
    return { op: event.op, actor, subject } as unknown as Event;
  }

  /** A canonical path as written in events: for task identities and program names. */
  levelPath(path: string, at: Observation): string {
    this.#paths.created.settle();
    this.#seenFrom(at);
    return this.#paths.level(path, at.pid);
  }

  /** How a program was called, as events and task identities have it. `path` is the raw path of its file. */
  levelCall(call: Call, path: string, at: Observation): Call {
    this.#seenFrom(at);
    const as = call.as === undefined ? undefined : this.#calledName(call.as, path);
    const runs = call.runs === undefined ? undefined : this.#runs(call.runs, at);
    return { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs }) };
  }

  /** For a container: the files that a further call of its runtime was given, by purpose. */
  name(directories: CanisterPlaces["directories"]): void {
    this.#host?.add(directories);
  }

  /** The last event was refused, so it changed no names. To be called before the next event is levelled. */
  withdraw(): void {
    this.#paths.created.withdraw();
  }

  /** A process ended; another process may get its id. */
  processEnded(pid: number): void {
    this.#paths.created.settle();
    this.#paths.created.forgetProcess(pid);
  }

  /** How often each rule changed an event. */
  firings(): Readonly<Record<RuleName, number>> {
    return this.#firings.record();
  }

  #seenFrom({ atHostRoot = false }: Observation): void {
    this.#paths.seenFrom(atHostRoot);
    this.#users.seenFrom(atHostRoot);
  }

  #overlooked(rule: RuleName): true {
    this.#firings.count(rule);
    return true;
  }

  #subject(event: Event, at: Observation): Fields {
    const subject = subjectRecord(event);
    let levelled: Record<string, FieldValue> | undefined;
    for (const [name, step] of this.#plan[event.op]) {
      const value = subject[name];
      if (value === undefined) continue;
      const result = step(value, at, subject, levelled ?? subject);
      if (result === value) continue;
      levelled ??= { ...subject };
      if (result === undefined) delete levelled[name];
      else levelled[name] = result;
    }
    return levelled ?? subject;
  }

  #stepsOf(operation: Operation): (readonly [string, Step])[] {
    return fieldsOf(operation).flatMap(([name, field]) => {
      const step = this.#special(operation, name) ?? this.#ordinary(name, field);
      return step ? [[name, step] as const] : [];
    });
  }

  #ordinary(name: string, field: Field): Step | undefined {
    if (name === "mode" && this.#launch.canister) return (mode, at, subject) => this.#rootMode(mode, at, subject);
    if (field.kind === "path") return (path, at) => this.#paths.level(path as string, at.pid);
    if (field.kind === "id") return (id) => this.#id(id as number, name === "gid" || name === "group" ? "gid" : "uid");
    return undefined;
  }

  /** The fields whose kind does not determine how they are levelled. */
  #special(operation: Operation, field: string): Step | undefined {
    switch (`${operation} ${field}`) {
      case "create path":
        return (path, at) => this.#paths.creates(path as string, "file", at);
      case "mkdir path":
        return (path, at) => this.#paths.creates(path as string, "directory", at);
      case "mknod path":
      case "symlink path":
      case "link to":
        return (path, at) => this.#paths.creates(path as string, "name", at);
      case "unlink path":
      case "rmdir path":
        return (path, at) => this.#paths.removes(path as string, at.pid);
      case "rename to":
        return (to, at, subject) => this.#renamed(subject["path"] as string, to as string, subject["replaces"], at);
      case "symlink content":
        return (text, at, subject, levelled) =>
          this.#links.level(text as string, subject["path"] as string, levelled["path"] as string, at);
      case "mount path":
        return (path, at, subject) =>
          this.#paths.level(this.#host?.mountMeant(path as string, subject) ?? (path as string), at.pid);
      case "mount source":
        return (source, at) => this.#links.source(this.#host?.sourceMeant(source as string) ?? (source as string), at);
      case "mount options":
        return (options, at) => this.#options(options as readonly string[], at);
      case "exec loader":
        return (images, at) => this.#images(images as readonly string[], at);
      case "exec as":
        return (as, _at, subject) => this.#calledName(as as string, subject["path"] as string);
      case "exec runs":
        return (runs, at) => this.#runs(runs as readonly string[], at);
      case "open digest":
        return (digest, _at, _subject, levelled) => this.#dataDigest(digest as string, levelled["path"] as string);
      case "socket family":
        return (family) => this.#family(family as string);
      case "connect family":
      case "send family":
        return (family, at, subject) =>
          this.#named(subject["address"] as string, at) === undefined ? family : HOST_FAMILY;
      case "mknod device":
        return (device, _at, subject) => this.#device(device as string, subject["mode"] as number);
      case "setid ids":
        return (ids, _at, subject) => this.#ids(ids as readonly string[], subject["call"] as string);
    }
    if (field !== "address") return undefined;
    return (address, at, subject) => this.#address(address as string, at, { operation, type: String(subject["type"]) });
  }

  #renamed(from: string, to: string, replaces: FieldValue, at: Observation): string {
    return replaces === "exchange"
      ? this.#paths.exchanges(from, to, at)
      : this.#paths.moves(from, to, replaces !== "no", at);
  }

  #id(id: number, kind: IdKind): number {
    const levelled = this.#users.id(id, kind);
    if (levelled !== id) this.#firings.count(this.#userRule);
    return levelled;
  }

  #ids(ids: readonly string[], call: string): readonly string[] {
    const kind: IdKind = /gid|groups/.test(call) ? "gid" : "uid";
    const levelled = ids.map((id) => this.#users.text(id, kind));
    if (levelled.every((id, index) => id === ids[index])) return ids;
    this.#firings.count(this.#userRule);
    return levelled;
  }

  #options(options: readonly string[], at: Observation): readonly string[] {
    const path = (text: string) => this.#links.source(text, at);
    const levelled = options.map((option) =>
      levelOption(option, path, (id, kind) => this.#users.text(id, kind), literal),
    );
    return levelled.every((option, index) => option === options[index]) ? options : levelled;
  }

  /** `path@digest`, where the last @ separates. */
  #images(images: readonly string[], at: Observation): readonly string[] {
    const levelled = images.map((image) => {
      const end = image.lastIndexOf("@");
      if (end < 0) return image;
      const path = image.slice(0, end);
      const called = this.#paths.level(path, at.pid);
      return called === path ? image : called + image.slice(end);
    });
    return levelled.every((image, index) => image === images[index]) ? images : levelled;
  }

  #calledName(name: string, path: string): string | undefined {
    if (!this.#policy.rules["called-name"]) return name;
    const levelled = levelledName(name, path.slice(path.lastIndexOf("/") + 1));
    if (levelled !== name) this.#firings.count("called-name");
    return levelled;
  }

  /** Entries as the sensor gives them (`rules/called.ts`), each without its digest if that does not count. */
  #runs(runs: readonly string[], at: Observation): readonly string[] {
    return runs.map((run) => {
      const { kind, what, digest } = parseRun(run);
      if (kind === "name") return what;
      if (kind === "text") return this.#text(run);
      const path = this.#paths.level(what, at.pid);
      const counts = this.#policy.content === "read" && this.#paths.contentCounts(path);
      return counts ? formatRun(path, digest) : path;
    });
  }

  #text(run: string): string {
    if (!this.#policy.rules["command-text"]) return run;
    this.#firings.count("command-text");
    return TEXT;
  }

  /** Storage drivers choose the permissions of the root directory itself; an operation that sets them reports them in its own field. */
  #rootMode(mode: Value, { atHostRoot }: Observation, { path }: Fields): Value {
    if (path !== (atHostRoot ? this.#host?.rootfs : "/")) return mode;
    this.#firings.count("canister");
    return (mode as number) & FILE_TYPE;
  }

  /** The content of data counts if the policy says so, unless the policy exempts this file. */
  #dataDigest(digest: string, path: string): string | undefined {
    if (this.#policy.content === "read" && this.#paths.contentCounts(path)) return digest;
    this.#firings.count("data-content");
    return undefined;
  }

  /** The kernel ignores the device number of a node that is not a device. A mode without a type proves nothing. */
  #device(device: string, mode: number): string {
    if (!this.#policy.rules.device || device === NO_DEVICE || !NO_DEVICE_TYPES.has(mode & FILE_TYPE)) return device;
    this.#firings.count("device");
    return NO_DEVICE;
  }

  /** An address in a network other than the launch's is written with the program that made the network. */
  #address(address: string, at: Observation, use: SocketUse): string {
    const named = use.operation === "connect" || use.operation === "send" ? this.#named(address, at) : undefined;
    if (named !== undefined) {
      this.#firings.count("host-name");
      return named;
    }
    const placed = placedAddress(address);
    if (!placed) return this.#addressIn("", address, at, use);
    this.#firings.count("origin");
    return `${NET}${placed.network}/${this.#addressIn(placed.network, placed.address, at, use)}`;
  }

  /** An address with the name of its host instead of its number; undefined if it has none. */
  #named(address: string, { host }: Observation): string | undefined {
    return host === undefined || !this.#policy.rules["host-name"] ? undefined : hostAddress(address, host);
  }

  #addressIn(network: string, address: string, at: Observation, { operation, type }: SocketUse): string {
    const first = address.charCodeAt(0);
    const binds = operation === "bind";
    const isReached = operation === "connect" || operation === "send";
    if (first === 0x2f) return binds ? this.#paths.creates(address, "name", at) : this.#paths.level(address, at.pid);
    if (first === 0x40) return this.#abstract(address, at, binds, isReached);
    const local = localPort(address);
    if (!local) return address;
    const { rules } = this.#policy;
    const end = { ...local, type, isReached };
    if (rules["own-port"] && this.#surroundings.isOwnPort(end, network, at)) return this.#port(local.host, "own");
    const [low, high] = this.#launch.ephemeralPorts;
    if (!rules["ephemeral-port"] || local.port < low || local.port > high) return address;
    if (operation === "accept") return this.#port(local.host, "ephemeral");
    if (operation !== "send") return address;
    return this.#port(local.host, this.#surroundings.isOwnPeer(end, at) ? "ephemeral" : "foreign");
  }

  #family(family: string): string {
    const placed = placedAddress(family);
    if (!placed) return family;
    this.#firings.count("origin");
    return `${NET}${placed.network}/${placed.address}`;
  }

  #port(host: string, kind: "own" | "ephemeral" | "foreign"): string {
    this.#firings.count(kind === "own" ? "own-port" : "ephemeral-port");
    return `${host}:$${kind}`;
  }

  #abstract(address: string, at: Observation, binds: boolean, isReached: boolean): string {
    const isChosen = this.#policy.rules.autobind && isAutobound(address);
    const named = isChosen ? AUTOBIND : this.#paths.socket(address, at, binds);
    // A name of another process may look like one that the namespace made. Only names of its own sockets are levelled.
    const owner = isReached && named !== address ? this.#surroundings.ownerOfName(address, at) : "own";
    if (named === address || owner === "others" || (isChosen && owner === "nobody")) return address;
    if (isChosen) this.#firings.count("autobind");
    return named;
  }
}

function ruleOf(event: Event): "cache" | "output" | "state" {
  const access = event.op === "open" ? event.subject.access : undefined;
  return access === OUTPUT || access === STATE ? access : "cache";
}
