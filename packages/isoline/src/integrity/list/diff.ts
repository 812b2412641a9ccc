/** Compares what two lists measured, by name and digest; order and template are ignored. */
import { escapeBytes } from "@isoline/core/event";
import { type MeasurementList, readMeasured } from "./entry.ts";

/** A name with the digests it was measured with, as `sha256:HEX`. */
export interface NamedDigests {
  readonly name: string;
  readonly digests: readonly string[];
}

export interface ListDifference {
  readonly equal: boolean;
  readonly onlyA: readonly NamedDigests[];
  readonly onlyB: readonly NamedDigests[];
  /** Names measured in both, with digests that only one of them has. */
  readonly changed: readonly { readonly name: string; readonly a: readonly string[]; readonly b: readonly string[] }[];
  readonly same: number;
  /** Number of entries of unknown templates in each, which have no name to compare. */
  readonly opaque: readonly [a: number, b: number];
}

/** Compares two lists. `strip` is a prefix to remove from names (a root that the kernel saw and the namespace did not). */
export function diffLists(a: MeasurementList, b: MeasurementList, strip = ""): ListDifference {
  const left = digestsByName(a, strip);
  const right = digestsByName(b, strip);
  const onlyA: NamedDigests[] = [];
  const changed: ListDifference["changed"][number][] = [];
  let same = 0;
  for (const [name, digests] of left.names) {
    const others = right.names.get(name);
    if (others === undefined) onlyA.push({ name, digests: [...digests] });
    else {
      const gone = [...digests].filter((digest) => !others.has(digest));
      const come = [...others].filter((digest) => !digests.has(digest));
      if (gone.length === 0 && come.length === 0) same += 1;
      else changed.push({ name, a: gone, b: come });
    }
  }
  const onlyB = [...right.names]
    .filter(([name]) => !left.names.has(name))
    .map(([name, digests]) => ({ name, digests: [...digests] }));
  const equal = onlyA.length + onlyB.length + changed.length === 0 && left.opaque === 0 && right.opaque === 0;
  return { equal, onlyA, onlyB, changed, same, opaque: [left.opaque, right.opaque] };
}

function digestsByName(list: MeasurementList, strip: string): { names: Map<string, Set<string>>; opaque: number } {
  const names = new Map<string, Set<string>>();
  let opaque = 0;
  list.entries.forEach((entry, index) => {
    const measured = readMeasured(entry, list.littleEndian, index + 1);
    if (measured?.name === undefined || measured.file === undefined) {
      opaque += 1;
      return;
    }
    const text = escapeBytes(measured.name);
    const name = strip !== "" && text.startsWith(strip) ? text.slice(strip.length) : text;
    const { kind, algorithm = "sha1", digest } = measured.file;
    const told = `${kind === "verity" ? "verity:" : ""}${algorithm}:${digest.toString("hex")}`;
    const known = names.get(name);
    if (known) known.add(told);
    else names.set(name, new Set([told]));
  });
  return { names, opaque };
}
