/**
 * Namespaces of the bpf sensor that go on without their supervisor. They are found where they are pinned, because they have no
 * socket.
 */
import { orphanedNamespaces, type PinnedNamespace } from "@isoline/linux";
import { CliError } from "../../error.ts";
import { readLabel } from "../../namespace/label.ts";

export interface Orphan {
  readonly isoline: 1;
  readonly orphaned: true;
  /** Its name, or `orphan-` and its number. */
  readonly name: string;
  readonly id: number;
  readonly command: string;
  readonly processes: number;
  /** Whether events without a verdict are refused; otherwise they go ahead unrecorded. */
  readonly refuses: boolean;
}

/** Empty for a user who may not read them. */
export function orphanStates(): readonly Orphan[] {
  return orphans().map(([state]) => state);
}

/** The orphan with a name, and the path where it is pinned. */
export function findOrphan(name: string): readonly [Orphan, PinnedNamespace] {
  const all = orphans();
  const found = all.filter(([state]) => state.name === name || String(state.id) === name);
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const names = all.map(([state]) => `${state.name} (${state.id})`).join(", ");
  throw new CliError(
    "no-such-namespace",
    names === ""
      ? "no namespace has lost its supervisor, as far as root can see"
      : `${JSON.stringify(name.slice(0, 60))} is not one of those that have lost their supervisor; they are: ${names}`,
  );
}

function orphans(): readonly (readonly [Orphan, PinnedNamespace])[] {
  if (process.geteuid?.() !== 0) return [];
  return orphanedNamespaces().map((namespace) => {
    const { id, label, live, refuses } = namespace;
    const { name = `orphan-${id}`, command } = readLabel(label);
    const called = { name, id, command };
    return [{ isoline: 1, orphaned: true, ...called, processes: live, refuses }, namespace];
  });
}
