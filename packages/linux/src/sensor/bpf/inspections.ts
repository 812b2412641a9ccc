/**
 * Shows files to their inspectors, as the seccomp sensor does: each use that a record reports, in the order of the kernel's
 * own checks, by the very inode that the BPF programs saw.
 */
import { O_ACCMODE, O_PATH, O_TRUNC, S_IFMT, S_IFREG } from "../../abi/stat.ts";
import type { ModelMediator } from "../model-mediator.ts";
import { accessMask } from "../words/access.ts";
import type { FileUse, UsedFile, UsingThread } from "../inspection.ts";
import type { Verdict } from "../mediation.ts";
import { EXECUTE, READ } from "../words/access.ts";
import { isStored, type SeenContent } from "./content.ts";
import type { Executions, SeenImage } from "./executions.ts";
import { MissedFile } from "./missed-file.ts";
import type { BpfProcess } from "./processes.ts";
import { operations, type Record, type SeenObject } from "./record.ts";

/** The argument in the record of a module or a kernel that comes from a file. */
const OUT_OF_FILE = 1;

export class Inspections {
  readonly #mediator: ModelMediator;
  readonly #content: SeenContent;
  readonly #executions: Executions;
  /** By device and inode: the uses of a file that the BPF programs let go ahead without asking. */
  readonly #settled = new Map<string, Buffer[]>();

  constructor(mediator: ModelMediator, content: SeenContent, executions: Executions) {
    this.#mediator = mediator;
    this.#content = content;
    this.#executions = executions;
  }

  /** Notes that the BPF programs let a use go ahead without asking from now on. */
  settled(record: Record, key: Buffer): void {
    if (!this.active || (record.operation !== operations.open && record.operation !== operations.map)) return;
    const name = fileOf(record);
    const keys = this.#settled.get(name);
    const copy = Buffer.from(key);
    if (keys) keys.push(copy);
    else this.#settled.set(name, [copy]);
  }

  /** A task opens a file for writing: the keys of the settled uses of that file, which must be inspected again. */
  unsettled(record: Record): readonly Buffer[] {
    if (!this.wantsEach(record)) return [];
    const name = fileOf(record);
    const keys = this.#settled.get(name) ?? [];
    this.#settled.delete(name);
    return keys;
  }

  /** Whether there is an inspector. */
  get active(): boolean {
    return this.#mediator.inspector?.active ?? false;
  }

  /** Whether each occurrence must be inspected: a file may change each time it is opened for writing. */
  wantsEach(record: Record): boolean {
    if (!this.active || record.operation !== operations.open) return false;
    const flags = record.argument(0);
    return (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0;
  }

  /** Has the files of a record inspected: 0, or the errno with which their use is to fail. */
  look(record: Record, process: BpfProcess): Verdict {
    if (!this.active) return 0;
    const thread = { tid: record.tid, process, credentials: record.credentials() };
    switch (record.operation) {
      case operations.open:
        return (record.argument(0) & O_PATH) !== 0
          ? 0
          : this.#show(record.object(0), ["open"], accessMask(record.argument(0)), thread);
      case operations.map:
        return this.#show(record.object(0), ["map"], EXECUTE, thread);
      case operations.protect:
        return record.objects === 0 ? 0 : this.#show(record.object(0), ["protect"], EXECUTE, thread);
      case operations.exec:
        return this.#showImages(this.#executions.of(record), thread);
      case operations.module:
        if (record.argument(0) === OUT_OF_FILE) return this.#show(record.object(0), ["module"], READ, thread);
        return record.argument(0) === 0 ? this.#without("module", thread) : 0;
      case operations.kexec:
        return this.#without("kexec-kernel", thread) || this.#mediator.lost(UNSHOWN_KERNEL, process);
      default:
        return 0;
    }
  }

  /** The program and each interpreter of a script are opened and run; other files are mapped. */
  #showImages(images: readonly SeenImage[] | undefined, thread: UsingThread): Verdict {
    if (images === undefined) return this.#without("exec", thread);
    const last = images.findLastIndex(({ isLoader }) => !isLoader);
    for (const [index, { seen, isLoader }] of images.entries()) {
      const uses: FileUse[] = isLoader ? ["open", "map"] : ["open", "exec"];
      if (index === last) uses.push("credentials", "map");
      const refused = this.#show(seen, uses, EXECUTE, thread);
      if (refused !== 0) return refused;
    }
    return 0;
  }

  #show(seen: SeenObject, uses: readonly FileUse[], access: number, thread: UsingThread): Verdict {
    if ((seen.mode & S_IFMT) !== S_IFREG) return 0;
    const { inspector } = this.#mediator;
    const inspect = (file: UsedFile) =>
      uses.reduce((refused, use) => refused || (inspector?.inspect(use, access, file, thread) ?? 0), 0);
    const shown = this.#content.show(seen, thread, inspect);
    if (typeof shown === "number") return shown;
    // Rules may require more than is known about the file.
    if (inspector?.mayRefuse) return uses.reduce((refused, use) => refused || this.#without(use, thread, shown), 0);
    // A file that the kernel generates has no content to inspect.
    return isStored(seen) ? inspect(new MissedFile(seen, shown, thread.tid)) : 0;
  }

  #without(use: FileUse, thread: UsingThread, how?: "changed" | "gone"): Verdict {
    return this.#mediator.inspector?.withoutFile(use, thread, how) ?? 0;
  }
}

function fileOf(record: Record): string {
  const { device, inode } = record.object(0);
  return `${device} ${inode}`;
}

const UNSHOWN_KERNEL = "a kernel that was to be started could not be looked at";
