/** How a namespace of the bpf sensor began, as its first supervisor notes it in the kernel for one that takes the namespace over. */
import { resolve } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { IsolineError } from "@isoline/core/error";
import type { Launch as Places } from "@isoline/core/identity";
import type { PinnedNamespace } from "@isoline/linux";
import { CliError } from "../error.ts";
import type { SignatureDemand } from "../store/signature/demand.ts";
import { type Json, list, optional, parseJson, record, text, truth } from "../wire/shapes.ts";
import { type Plan, planUnder, type Surroundings } from "./plan.ts";

export interface Beginning {
  readonly places: Places;
  /** Absolute path at which a learnt contour is to be written, if none existed before. */
  readonly contour: string | undefined;
  readonly mode: Plan["mode"];
  /** As it was asked for: the kernel goes on by it. */
  readonly holdSeconds?: number | undefined;
  /** The demand for a signature: the keys themselves, since a file of keys may be another one by then. */
  readonly signed?: SignatureDemand | undefined;
  /** Whether the contour may be a symbolic link; not where it is left out. */
  readonly links?: "follow" | undefined;
  /** The policy that the contour had to be learnt under, if one was asked for. */
  readonly policy?: string | undefined;
  /** SHA-256 of the contour's bytes as they were used. */
  readonly digest?: Digest | undefined;
  /** The address of the engine that decided, if it ran elsewhere. */
  readonly engine?: string | undefined;
}

/** More keys than any list has; the kernel has room for more. */
const MOST_KEYS = 1 << 16;

/** The record for the supervisor that takes the namespace over, if this one ends; `digest` as in `fileDigestOf`. */
export function beginningOf(plan: Plan, digest: Digest | undefined): Beginning {
  const { places, contour, output, mode, holdSeconds, signed, links = "follow", policy, engine } = plan;
  const file = contour ?? output;
  const follows = links === "follow" ? links : undefined;
  const begun = { places, contour: file && resolve(file), mode, holdSeconds, links: follows };
  return mode === "learn" ? begun : { ...begun, signed, policy, digest, engine: engine?.address };
}

/**
 * Reads the record of a namespace. Throws `namespace-lost` where there is none: the notes may have had no room for it. What it
 * demands is read with care, since a demand that is not understood must not pass for none.
 */
export function readBeginning([first]: readonly string[]): Beginning {
  const found = first === undefined ? {} : readRecord(first);
  if (found["places"] === undefined) throw damaged("there is no record of how it began");
  try {
    return { ...(found as unknown as Beginning), signed: optional(found["signed"], demandIn) };
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw damaged(`the record of how it began: ${fault.message}`, fault);
  }
}

/** The plan of a successor: under the contour that is named, or else under the one that the namespace began with. */
export function planToTakeOver(
  { directory, id, refuses }: Pick<PinnedNamespace, "directory" | "id" | "refuses">,
  beginning: Beginning,
  { label, contour }: { readonly label: string; readonly contour?: string | undefined },
): Plan & { readonly contour: string } {
  const { places, holdSeconds, signed, links = "refuse", policy, digest } = beginning;
  const file = contour ?? contourToGoOnUnder(beginning);
  const surroundings: Surroundings = {
    ...{ sensor: "bpf", label, places, holdSeconds, openFiles: undefined },
    // What the start demanded of the contour is demanded again: the file may be another one by now.
    ...{ signed, links, adopt: { directory, id, begunUnder: digest } },
  };
  return { ...planUnder(file, surroundings, { enforce: refuses, policy }), contour: file };
}

function contourToGoOnUnder({ mode, contour, engine }: Beginning): string {
  if (mode === "learn" || contour === undefined)
    throw lost("it was learning, and what it had learnt is lost; see isoline attach --contour");
  if (engine !== undefined)
    throw lost(
      `expected the engine at ${engine} to decide, as when it began, got none: a takeover has its engine here; see isoline attach --contour`,
    );
  return contour;
}

function readRecord(line: string): { readonly [name: string]: Json } {
  try {
    return record(parseJson(Buffer.from(line)), "the record");
  } catch (fault) {
    if (fault instanceof IsolineError) return {};
    throw fault;
  }
}

function demandIn(json: Json): SignatureDemand {
  const demand = record(json, "the demand for a signature");
  const keys = list(demand["keys"], "the keys", MOST_KEYS).map((each) => {
    const { name, pem } = record(each, "a key");
    return { name: text(name, "the name of a key"), pem: text(pem, "a key") };
  });
  // A demand without keys would be none.
  if (keys.length === 0) throw lost("the keys: expected at least one, got none");
  const { digests, named } = record(demand["image"], "the image");
  return {
    keys,
    image: {
      digests: list(digests, "the digests", MOST_KEYS).map((each) => text(each, "a digest")),
      named: truth(named, "whether the signature has to name the image"),
    },
  };
}

function damaged(what: string, cause?: unknown): CliError {
  return new CliError("namespace-lost", `${what}; it cannot be taken over: end its processes, or see isoline unpin`, {
    cause,
  });
}

function lost(message: string): CliError {
  return new CliError("namespace-lost", message);
}
