/** `isoline unpin`: nothing of the bpf sensor is left in the kernel. */
import { unpinAll } from "@isoline/linux";
import { status } from "../ending.ts";
import { note, printJson } from "../output/streams.ts";
import { counted } from "../output/wording.ts";
import { usage } from "../refusal.ts";

export interface UnpinOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export function unpin({ force = false, json }: UnpinOptions): number {
  if (process.geteuid?.() !== 0)
    throw usage("only root may take programs out of the kernel; run isoline unpin as root");
  const removed = unpinAll(force);
  if (json) {
    printJson(removed);
    return status.success;
  }
  for (const { directory, namespaces } of removed)
    note(
      `removed ${directory}, with ${namespaces ? counted(namespaces.length, "namespace") : "an unknown number of namespaces"}`,
    );
  if (removed.length === 0) note("nothing was pinned");
  return status.success;
}
