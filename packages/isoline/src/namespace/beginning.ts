/** How a namespace of the bpf sensor began, as its first supervisor notes it in the kernel for one that takes the namespace over. */
import { resolve } from "node:path";
import type { Launch as Places } from "@isoline/core/identity";
import type { PinnedNamespace } from "@isoline/linux";
import { CliError } from "../error.ts";
import { type Plan, planUnder, type Surroundings } from "./plan.ts";

export interface Beginning {
  readonly places: Places;
  /** Absolute path at which a learnt contour is to be written, if none existed before. */
  readonly contour: string | undefined;
  readonly mode: Plan["mode"];
  /** As it was asked for: the kernel goes on by it. */
  readonly holdSeconds?: number | undefined;
}

/** The record for the supervisor that takes the namespace over, if this one ends. */
export function beginningOf({ places, contour, output, mode, holdSeconds }: Plan): Beginning {
  const file = contour ?? output;
  return { places, contour: file && resolve(file), mode, holdSeconds };
}

/** Reads the record of a namespace; throws `namespace-lost` where there is none. */
export function readBeginning([first]: readonly string[]): Beginning {
  if (first === undefined) throw new CliError("namespace-lost", "there is no record of it; see isoline unpin");
  return JSON.parse(first) as Beginning;
}

/** The contour that a successor goes on under if it is given no other; throws `namespace-lost` where there is none. */
export function contourToGoOnUnder({ mode, contour }: Beginning): string {
  if (mode === "learn" || contour === undefined)
    throw new CliError(
      "namespace-lost",
      "it was learning, and what it had learnt is lost; see isoline attach --contour",
    );
  return contour;
}

/** The plan of a successor: under the contour that is named, or else under the one that the namespace began with. */
export function planToTakeOver(
  { directory, id, refuses }: Pick<PinnedNamespace, "directory" | "id" | "refuses">,
  beginning: Beginning,
  { label, contour }: { readonly label: string; readonly contour?: string | undefined },
): Plan & { readonly contour: string } {
  const { places, holdSeconds } = beginning;
  const file = contour ?? contourToGoOnUnder(beginning);
  const surroundings: Surroundings = {
    ...{ sensor: "bpf", label, places, holdSeconds },
    ...{ openFiles: undefined, adopt: { directory, id } },
  };
  return { ...planUnder(file, surroundings, { enforce: refuses }), contour: file };
}
