/** From a record of the kernel half to what happened, in the words of the operation table. */
import { O_ACCMODE, O_APPEND, O_EXCL, O_TRUNC, O_WRONLY, S_IFMT, S_IFREG } from "../../abi/stat.ts";
import type { Act } from "../seccomp/mediation.ts";
import type { SeenContent } from "./content.ts";
import { describeObject, pathTextOf } from "./objects.ts";
import { operations, type Record } from "./record.ts";

/** What an act is about, or why it cannot be said. */
export type Told = Act | { readonly unknown: string };

export class Acts {
  readonly #content: SeenContent;
  readonly #readsContent: boolean;

  constructor(content: SeenContent, readsContent: boolean) {
    this.#content = content;
    this.#readsContent = readsContent;
  }

  /** What a record tells of; not of an exec, which needs more than its record. */
  of(record: Record): Told {
    switch (record.operation) {
      case operations.open:
        return this.#open(record);
      case operations.create:
        return create(record);
      default:
        return { unknown: `no decoder for operation ${record.operation} of the kernel half` };
    }
  }

  #open(record: Record): Act {
    const flags = Number(record.argument(0));
    const seen = record.object(0);
    const counts = this.#readsContent && (seen.mode & S_IFMT) === S_IFREG && (flags & O_ACCMODE) !== O_WRONLY;
    const digest = counts ? this.#content.of(seen, record.pid) : undefined;
    const truncates = (flags & O_TRUNC) !== 0 ? ",truncate" : "";
    return {
      op: "open",
      subject: { access: accessOf(flags) + truncates, ...describeObject(seen), ...(digest ? { digest } : {}) },
    };
  }
}

function create(record: Record): Act {
  const flags = Number(record.argument(0));
  const mode = Number(record.argument(1));
  return {
    op: "create",
    subject: { access: accessOf(flags), path: pathTextOf(record.object(0)), mode: mode & 0o7700 },
    observation: { exclusive: (flags & O_EXCL) !== 0, requestedMode: mode },
  };
}

/** `read`, `write`, `read,write`, each with `,append`. */
function accessOf(flags: number): string {
  const mode = flags & O_ACCMODE;
  const base = mode === 0 ? "read" : mode === O_WRONLY ? "write" : "read,write";
  return (flags & O_APPEND) !== 0 && mode !== 0 ? `${base},append` : base;
}
