/** Reference values: what good looks like. They change with each release; the policy, which says what must be good, does not. */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { AttestError } from "../error.ts";
import { type EventRule, eventRulesIn, written } from "./event-rules.ts";
import { type Located, located } from "./located.ts";
import { type Signers, signedContent } from "./signed-file.ts";

export interface ContourReference {
  readonly name: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly contour: string;
  /** Portable state of its points. */
  readonly state: string;
  /** Digests of images that it is for; none: any. */
  readonly images: readonly string[];
}

export interface BootReference {
  readonly name: string;
  /** Values in the SHA-256 bank, by register. */
  readonly registers: ReadonlyMap<number, Uint8Array>;
  /** What the log of measured boot may have of registers, in place of a value. */
  readonly events: ReadonlyMap<number, readonly EventRule[]>;
}

export interface References {
  readonly contours: readonly ContourReference[];
  readonly boots: readonly BootReference[];
  readonly builds: readonly { readonly version: string; readonly digest: string | undefined }[];
  /** Each a whole load of the bpf sensor: its programs, digest by name. */
  readonly loads: readonly ReadonlyMap<string, string>[];
}

export const REFERENCES_TYPE = "application/vnd.isoline.references+json";

const DIGEST = /^[0-9a-f]{64}$/;
const IMAGE = /^sha256:[0-9a-f]{64}$/;
const NAME = /^[^\p{C}]{1,128}$/u;

/** Reads reference values, in an envelope with signatures or bare. Refuses them with `bad-policy-file`, with line and column. */
export async function readReferences(bytes: Uint8Array, signers: Signers): Promise<References> {
  const top = located(await signedContent(bytes, REFERENCES_TYPE, signers, "references"), "references");
  const members = top.members(["references", "contours", "boots", "builds", "programs"]);
  const of = (name: string) => members[name] as Located;
  if (of("references").number(1) !== 1) throw of("references").refused("1, the version of this format");
  return {
    contours: listed(of("contours"), contourReference),
    boots: listed(of("boots"), bootReference),
    builds: listed(of("builds"), (at) => {
      const { version, digest } = at.members(["version", "digest"]) as Record<"version" | "digest", Located>;
      return { version: version.text(NAME, "a version"), digest: digest.isThere ? digestIn(digest) : undefined };
    }),
    loads: loadsIn(of("programs")),
  };
}

/** A file of reference values with one boot alone, as `readReferences` reads it. Refuses a name that it would refuse. */
export function writeBoot({ name, registers, events }: BootReference): string {
  if (!NAME.test(name))
    throw new AttestError(
      "bad-policy-file",
      `references: expected a name of 1 to 128 letters that can be shown, got ${JSON.stringify(name.slice(0, 60))}; choose another`,
    );
  const values = Object.fromEntries([...registers].map(([number, value]) => [number, bytesToHex(value)]));
  const rules = Object.fromEntries([...events].map(([number, listed]) => [number, listed.map(written)]));
  const boot = { name, ...(registers.size > 0 && { registers: values }), ...(events.size > 0 && { events: rules }) };
  const text = JSON.stringify({ references: 1, boots: [boot] }, undefined, 2);
  // People read it, and each event, which stands this deep, is one line to them.
  return `${text.replace(/^ {10}\{(?:\n {12}.*)+\n {10}\}/gm, (event) => event.replace(/\n +/g, " "))}\n`;
}

/** Reference values of several files as one. Two values under one name of a boot are refused. */
export function joined(all: readonly References[]): References {
  const whole: References = {
    contours: all.flatMap(({ contours }) => contours),
    boots: all.flatMap(({ boots }) => boots),
    builds: all.flatMap(({ builds }) => builds),
    loads: all.flatMap(({ loads }) => loads),
  };
  const names = new Set<string>();
  const twice = whole.boots.find(({ name }) => names.size === names.add(name).size)?.name;
  if (twice !== undefined)
    throw new AttestError(
      "bad-policy-file",
      `references: expected one boot ${JSON.stringify(twice)}, got two; rename one`,
    );
  return whole;
}

function contourReference(at: Located): ContourReference {
  const members = at.members(["name", "contour", "state", "images"]);
  const of = (name: string) => members[name] as Located;
  return {
    name: of("name").text(NAME, "a name"),
    contour: digestIn(of("contour")),
    state: digestIn(of("state")),
    images: listed(of("images"), (one) => one.text(IMAGE, "the digest of an image, sha256:…")),
  };
}

function bootReference(at: Located): BootReference {
  const members = at.members(["name", "registers", "events"]);
  const of = (name: string) => members[name] as Located;
  const registers = of("registers").isThere ? valuesIn(of("registers")) : new Map<number, Uint8Array>();
  const events = of("events").isThere ? eventRulesIn(of("events")) : new Map<number, readonly EventRule[]>();
  if (registers.size + events.size === 0) throw at.refused("at least one register");
  const both = [...events.keys()].find((register) => registers.has(register));
  if (both !== undefined) throw of("events").refused(`register ${both} in registers or in events, and not in both`);
  return { name: of("name").text(NAME, "a name"), registers, events };
}

function valuesIn(at: Located): ReadonlyMap<number, Uint8Array> {
  const values = at.entries().map(([number, value]) => {
    if (!/^(?:\d|1\d|2[0-3])$/.test(number)) throw value.refused("values by the number of a register");
    return [Number(number), hexToBytes(digestIn(value))] as const;
  });
  return new Map(values);
}

/** The programs of a file by the load that they name; those that name none are one load. */
function loadsIn(at: Located): readonly ReadonlyMap<string, string>[] {
  const loads = new Map<string, Map<string, string>>();
  for (const one of at.isThere ? at.list() : []) {
    const members = one.members(["name", "digest", "load"]);
    const of = (name: string) => members[name] as Located;
    const load = of("load").isThere ? of("load").text(NAME, "the name of a load") : "";
    const programs = loads.get(load) ?? new Map<string, string>();
    const name = of("name").text(NAME, "a name");
    if (programs.has(name)) throw of("name").refused("a program that the load does not have yet");
    loads.set(load, programs.set(name, digestIn(of("digest"))));
  }
  return [...loads.values()];
}

const digestIn = (at: Located): string => at.text(DIGEST, "64 hexadecimal digits");
const listed = <T>(at: Located, read: (at: Located) => T): readonly T[] => (at.isThere ? at.list().map(read) : []);
