/** What is pinned on this machine, by any user and build. */
import { fileSystemOf } from "../../abi/mounts.ts";
import { LinuxError } from "../../error.ts";
import { Journal } from "./journal.ts";
import { Load, type Standing } from "./load.ts";
import { BPF_FS_MAGIC, loadDirectories, PINS, pinsIn, removePins, UNFINISHED, withLock } from "./pins.ts";

/** A namespace of the bpf sensor. */
export interface PinnedNamespace extends Standing {
  readonly directory: string;
  /** The label that its first supervisor set. */
  readonly label: string;
}

/** A load of the sensor's programs. */
export interface PinnedLoad {
  readonly directory: string;
  /** Undefined where another build of isoline pinned it, whose tables only that build can read. */
  readonly namespaces: readonly PinnedNamespace[] | undefined;
}

/**
 * The loads of this machine; none for a user without access to them. Another process may be making one, which has no namespaces yet, or
 * remove one while it is looked at.
 */
function pinnedLoads(): readonly PinnedLoad[] {
  if (fileSystemOf(PINS) !== BPF_FS_MAGIC) return [];
  const directories = loadDirectories().filter((directory) => directory !== UNFINISHED);
  const loads = directories.map((directory) => ({ directory, namespaces: namespacesOf(directory) }));
  return loads.filter(({ directory }) => pinsIn(directory) !== undefined);
}

/** The loads of which only another build of isoline can tell which namespaces are in them. */
export function unreadableLoads(): readonly string[] {
  return pinnedLoads().flatMap(({ directory, namespaces }) => (namespaces === undefined ? [directory] : []));
}

/** Namespaces that have a living process and no supervisor. */
export function orphanedNamespaces(): readonly PinnedNamespace[] {
  const namespaces = pinnedLoads().flatMap((load) => load.namespaces ?? []);
  return namespaces.filter(({ supervisor, live }) => supervisor === 0 && live > 0);
}

/** The journal of a namespace, line by line; a last line that is torn is not among them. */
export function journalOf({ directory, id }: PinnedNamespace): readonly string[] {
  return Load.look(directory, (load) => new Journal(load.maps.journal, id).read().lines);
}

/** Removes every load: nothing is mediated any more. Refused while a process lives in a namespace, unless forced. */
export function unpinAll(isForced: boolean): readonly PinnedLoad[] {
  return withLock(() => {
    const loads = pinnedLoads();
    const inUse = loads.filter(
      ({ namespaces }) => namespaces === undefined || namespaces.some(({ supervisor, live }) => supervisor || live > 0),
    );
    if (inUse.length > 0 && !isForced) throw stillUsed(inUse);
    for (const load of loads) {
      letGo(load);
      removePins(load.directory);
    }
    // Under the lock, it is what was left of one that was not completed.
    removePins(UNFINISHED);
    return loads;
  });
}

/** Ends every wait for a verdict: a task that a program holds could not be woken once the others are gone. */
function letGo({ directory, namespaces = [] }: PinnedLoad): void {
  if (namespaces.length === 0) return;
  Load.look(directory, (load) => {
    for (const { id } of namespaces) load.abandon(id);
  });
}

function namespacesOf(directory: string): readonly PinnedNamespace[] | undefined {
  // A load gets its name with all of its pins in place: where there is none, no program is kept attached.
  if (pinsIn(directory)?.length === 0) return [];
  try {
    return Load.look(directory, (load) =>
      load.census().map((each) => ({ ...each, directory, label: load.labelOf(each.id) })),
    );
  } catch (fault) {
    const isGone = (fault as NodeJS.ErrnoException).code === "ENOENT";
    if (isGone || fault instanceof LinuxError) return undefined;
    throw fault;
  }
}

function stillUsed(loads: readonly PinnedLoad[]): LinuxError {
  const told = loads.map(({ directory, namespaces }) =>
    namespaces === undefined
      ? `${directory} cannot be looked into: it is of another build, which alone knows who lives in it, or this runs inside`
      : namespaces
          .map(({ id, supervisor, live }) => `namespace ${id}: ${live} processes, ${decider(supervisor)}`)
          .join("; "),
  );
  return new LinuxError(
    "in-use",
    `namespaces are live (${told.join("; ")}); with --force they are no longer mediated, and what was refused is let go ahead`,
  );
}

function decider(supervisor: number): string {
  return supervisor === 0 ? "no supervisor" : `supervisor ${supervisor}`;
}
