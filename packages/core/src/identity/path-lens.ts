/**
 * The rules that level paths, in their order: numbers in /proc and /dev/pts; directories by purpose and created names;
 * the user's pseudonyms.
 */
import type { Label, Labelled } from "./creations.ts";
import type { Launch } from "./launch.ts";
import type { Observation, Surroundings } from "./observation.ts";
import { LITERAL, literals, ROOT, withLabels } from "./path-text.ts";
import type { Policy } from "./policy.ts";
import { CreatedNames, type Made } from "./rules/created.ts";
import { Directories } from "./rules/directories.ts";
import type { CanisterDirectories } from "./rules/canister.ts";
import { levelProcess, levelTerminal } from "./rules/kernel-names.ts";
import { Pseudonyms } from "./rules/pseudonyms.ts";
import type { Firings, RuleName } from "./rules/table.ts";
import { momentsIn } from "./rules/timestamps.ts";
import { UserNames } from "./rules/users.ts";

/** How a sensor writes a file that has no name any more but is still open. */
const DELETED = "?deleted:";
const OUTSIDE = "?outside:";
/** The last component of a path that comes to be: its label, or null where it has none whatever was there before. */
type Newest = Label | null | undefined;

export class PathLens {
  readonly created: CreatedNames;
  readonly #rules: Policy["rules"];
  readonly #surroundings: Surroundings;
  readonly #directories: Directories;
  readonly #pseudonyms: Pseudonyms;
  readonly #userNames: UserNames;
  readonly #firings: Firings;
  readonly #host: CanisterDirectories | undefined;
  #atHostRoot = false;

  /** `host` for a container: where its runtime keeps things. */
  constructor(
    policy: Policy,
    launch: Launch,
    surroundings: Surroundings,
    firings: Firings,
    host?: CanisterDirectories,
  ) {
    const directories = new Directories(launch, policy.rules);
    this.#rules = policy.rules;
    this.#surroundings = surroundings;
    this.#directories = directories;
    this.#pseudonyms = new Pseudonyms(policy.pseudonyms);
    this.#userNames = new UserNames(policy.rules["launch-user"] ? launch : undefined);
    this.#host = host;
    this.#firings = firings;
    const switches = { created: policy.rules.created, contentAddress: policy.rules["content-address"] };
    this.created = new CreatedNames(switches, surroundings, (path) => directories.isTemporary(path), firings);
  }

  /** From where the next paths are seen. */
  seenFrom(atHostRoot: boolean): void {
    this.#atHostRoot = atHostRoot;
  }

  /** A path of something that is there. What is no real path (a token, `memfd:x`, `?reason`) stays as it is. */
  level(path: string, pid: number): string {
    if (isReal(path)) return this.#renamed(this.#plain(path, pid, undefined));
    if (path.startsWith(DELETED) && isReal(path.slice(DELETED.length)))
      return this.#deleted(path.slice(DELETED.length), pid);
    if (path.startsWith(OUTSIDE) && this.#host?.isOwnState(path.slice(OUTSIDE.length)))
      return this.level(path.slice(OUTSIDE.length), pid);
    return path;
  }

  /** A path that comes to be. */
  creates(path: string, made: Made, at: Observation): string {
    if (!isReal(path)) return this.level(path, at.pid);
    return this.#renamed(this.#plain(path, at.pid, this.created.creates(path, made, at) ?? null));
  }

  /** The path that `from` is moved to. */
  moves(from: string, to: string, replaces: boolean, at: Observation): string {
    if (!isReal(from) || !isReal(to)) return this.level(to, at.pid);
    return this.#renamed(this.#plain(to, at.pid, this.created.moves(from, to, replaces, at) ?? null));
  }

  /** The path that `from` changes places with. */
  exchanges(from: string, to: string, at: Observation): string {
    if (isReal(from) && isReal(to)) this.created.exchanges(from, to);
    return this.level(to, at.pid);
  }

  /** A path that is about to be no more. */
  removes(path: string, pid: number): string {
    if (!isReal(path)) return this.level(path, pid);
    const plain = this.#plain(path, pid, undefined);
    this.created.removes(path, plain);
    return this.#renamed(plain);
  }

  /** An abstract socket name with its at sign. */
  socket(address: string, at: Observation, binds: boolean): string {
    const path = `/${address.slice(1)}`;
    const newest = binds ? (this.created.bindsAbstract(path, at) ?? null) : undefined;
    const labels = withNewest(path, this.created.labelsInSocket(path), newest);
    if (!labels?.length) return address;
    return `${ROOT}@${this.#tail(path, 0, labels).slice(1)}`;
  }

  /** Labels of created names below a directory, as a link text relative to it may have them: `names` starts with a slash. */
  below(directory: string, names: string): string {
    const path = directory + names;
    const labels = this.created.labelsAlong(path)?.filter(({ start }) => start > directory.length);
    return labels?.length ? this.#tail(path, directory.length, labels) : literals(names);
  }

  /** Whether the policy lets content count for a file of this levelled path. */
  contentCounts(levelled: string): boolean {
    return this.#pseudonyms.contentCounts(levelled);
  }

  /** Whether a real path is a directory that the launch names, or one that such a directory lies in. */
  isWayDown(path: string): boolean {
    return this.#directories.areReachedBy(path);
  }

  #plain(path: string, pid: number, newest: Newest): string {
    const host = this.#atHostRoot || this.#host?.isOwnState(path) ? this.#host : undefined;
    const kernel = this.#kernelName(path, pid);
    if (kernel !== undefined) return host ? host.prefixed(kernel) : kernel;
    if (host) return this.#ofHost(host, path, newest);
    const directory = this.#directories.of(path);
    const from = directory ? directory.path.length : 0;
    const created = withNewest(path, this.created.labelsAlong(path), newest)?.filter(({ start }) => start > from);
    const user = directory?.rule === "temp" ? this.#userNames.labelIn(path, from) : undefined;
    const named = user ? [user, ...(created ?? []).filter(({ start }) => start !== user.start)] : created;
    const labels = this.#rules.timestamp ? withMoments(path, from, named) : named;
    if (!directory && !labels?.length) return path;
    if (directory) this.#firings.count(directory.rule);
    return (directory?.token ?? ROOT) + this.#tail(path, from, labels ?? []);
  }

  /** A name whose numbers the kernel counts up. */
  #kernelName(path: string, pid: number): string | undefined {
    if (path.startsWith("/proc/") && this.#rules["proc-pid"]) {
      const levelled = levelProcess(path, pid, this.#surroundings);
      if (levelled !== path) return this.#fired("proc-pid", levelled);
    } else if (path.startsWith("/dev/pts/") && this.#rules.pty) {
      const levelled = levelTerminal(path);
      if (levelled !== path) return this.#fired("pty", levelled);
    }
    return undefined;
  }

  #ofHost(host: CanisterDirectories, path: string, newest: Newest): string {
    const { token, end } = host.of(path);
    const created = withNewest(path, this.created.labelsAlong(path), newest)?.filter(({ start }) => start > end) ?? [];
    const named = host.labels(path, end);
    const free = created.filter(({ start }) => !named.some((label) => label.start === start));
    this.#firings.count("canister");
    return (
      token +
      this.#tail(
        path,
        end,
        [...named, ...free].sort((a, b) => a.start - b.start),
      )
    );
  }

  #tail(path: string, from: number, labels: readonly Labelled[]): string {
    for (const rule of new Set(labels.map(({ label }) => label.rule))) this.#firings.count(rule);
    const tail = labels.length > 0 ? withLabels(path, from, labels) : literals(path.slice(from));
    return tail.includes(LITERAL) ? this.#fired("literal", tail) : tail;
  }

  #deleted(path: string, pid: number): string {
    return this.#renamed(DELETED + (this.created.deleted(path) ?? this.#plain(path, pid, undefined)));
  }

  #renamed(path: string): string {
    const renamed = this.#pseudonyms.of(path);
    return renamed === undefined ? path : this.#fired("pseudonym", renamed);
  }

  #fired(rule: RuleName, levelled: string): string {
    this.#firings.count(rule);
    return levelled;
  }
}

function isReal(path: string): boolean {
  return path.charCodeAt(0) === 0x2f;
}

/** Names that are not levelled by who made them may hold a moment. */
function withMoments(path: string, from: number, labels: Labelled[] | undefined): Labelled[] | undefined {
  const moments = momentsIn(path, from);
  if (moments.length === 0) return labels;
  const free = moments.filter(({ start }) => !labels?.some((label) => label.start === start));
  return [...(labels ?? []), ...free].sort((a, b) => a.start - b.start);
}

/** The labels along a path whose last component is new: what was known under that name does not count any more. */
function withNewest(path: string, labels: Labelled[] | undefined, newest: Newest): Labelled[] | undefined {
  if (newest === undefined) return labels;
  const above = labels?.filter(({ end }) => end < path.length) ?? [];
  if (newest) above.push({ start: path.lastIndexOf("/") + 1, end: path.length, label: newest });
  return above;
}
