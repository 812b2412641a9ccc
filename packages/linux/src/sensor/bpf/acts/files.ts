/** Files that are opened, created by an open, or mapped to be executed. */
import { escapeBytes } from "@isoline/core/event";
import { O_ACCMODE, O_EXCL, O_PATH, O_WRONLY, S_IFMT, S_IFREG } from "../../../abi/stat.ts";
import { digestField, NO_CONTENT, remarksOn } from "../../files/content.ts";
import type { Act } from "../../mediation.ts";
import { accessOf, accessOfNew } from "../../words/access.ts";
import type { SeenContent } from "../content.ts";
import { describeObject, pathTextOf } from "../objects.ts";
import type { Record } from "../record.ts";
import { newly, protection } from "./names.ts";

/** The argument of a file that has no name. */
const UNNAMED = 1;

export class FileActs {
  readonly #content: SeenContent;
  readonly #readsContent: boolean;

  constructor(content: SeenContent, readsContent: boolean) {
    this.#content = content;
    this.#readsContent = readsContent;
  }

  open(record: Record): Act {
    const flags = record.argument(0);
    const seen = record.object(0);
    if ((flags & O_PATH) !== 0) return { op: "open", subject: { access: "path", ...describeObject(seen) } };
    const counts = this.#readsContent && (seen.mode & S_IFMT) === S_IFREG && (flags & O_ACCMODE) !== O_WRONLY;
    const content = counts ? this.#content.of(seen, record.pid, "read") : NO_CONTENT;
    const what = describeObject(seen);
    // The kind follows, if the file has no other name.
    const path = what.path === "ns:" ? `ns:${escapeBytes(record.rest)}` : what.path;
    return {
      op: "open",
      subject: { access: accessOf(flags), ...what, path, ...digestField(content) },
      ...remarksOn(content),
    };
  }

  create(record: Record): Act {
    const flags = record.argument(0);
    const mode = record.argument(1);
    const isUnnamed = record.argument(2) === UNNAMED;
    const path = pathTextOf(record.object(0));
    return {
      op: "create",
      subject: { access: accessOfNew(flags), path: isUnnamed ? `${path}/#unnamed` : path, mode: mode & 0o7700 },
      ...(isUnnamed ? {} : { observation: { exclusive: (flags & O_EXCL) !== 0, ...newly(record, mode) } }),
    };
  }

  map(record: Record): Act {
    const seen = record.object(0);
    const access = protection(record.argument(0));
    // A writable mapping may change: the event says that it is writable.
    const content = this.#content.of(seen, record.pid, access === "execute" ? "executed" : "read");
    return {
      op: "map",
      subject: { access, ...describeObject(seen), ...digestField(content) },
      ...remarksOn(content),
    };
  }
}
