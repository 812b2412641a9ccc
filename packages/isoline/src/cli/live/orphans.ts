/** Namespaces of the bpf sensor that go on without their supervisor: found where they are pinned, for they have no socket. */
import { orphanedNamespaces } from "@isoline/linux";

export interface Orphan {
  readonly isoline: 1;
  readonly orphaned: true;
  /** What it was called, or `orphan-` and its number. */
  readonly name: string;
  readonly id: number;
  readonly command: string;
  readonly processes: number;
  /** Whether what is not known is refused; else nobody is told of it. */
  readonly refuses: boolean;
}

/** None for whoever may not look. */
export function orphanStates(): readonly Orphan[] {
  if (process.geteuid?.() !== 0) return [];
  return orphanedNamespaces().map(({ id, label, live, refuses }) => {
    const [name = "", command = ""] = label.split("\n");
    return { isoline: 1, orphaned: true, name: name || `orphan-${id}`, id, command, processes: live, refuses };
  });
}
