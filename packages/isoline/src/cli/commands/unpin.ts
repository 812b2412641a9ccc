/** `isoline unpin`: removes everything of the bpf sensor from the kernel. */
import { type PinnedNamespace, unpinAll } from "@isoline/linux";
import { status } from "../ending.ts";
import { note, printJson } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface UnpinOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** With --force, processes remain that a user expected to be mediated. */
function unguarded({ id, label, live }: PinnedNamespace): string {
  const [name = ""] = label.split("\n");
  const called = name === "" ? `namespace ${id}` : `namespace ${id} (${name})`;
  return `${called}: ${counted(live, "process")} left, no longer observed, and nothing is refused any more`;
}

export function unpin({ force = false, json }: UnpinOptions): number {
  if (process.geteuid?.() !== 0)
    throw usage("only root may take programs out of the kernel; run isoline unpin as root");
  const removed = unpinAll(force);
  if (json) {
    printJson(removed);
    return status.success;
  }
  for (const { directory, namespaces } of removed) {
    note(
      `removed ${directory}, with ${namespaces ? counted(namespaces.length, "namespace") : "an unknown number of namespaces"}`,
    );
    for (const namespace of namespaces ?? []) if (namespace.live > 0) note(unguarded(namespace));
  }
  if (removed.length === 0) note("nothing was pinned");
  return status.success;
}
