/** Reads what a process asks about a namespace of its own: every member is checked, and what is not known here is left out. */
import type { Launch as Places } from "@isoline/core/identity";
import { assertName } from "../../control/place.ts";
import { MOST_BODY_BYTES } from "../../control/integrity.ts";
import { CliError } from "../../error.ts";
import { bytes, type Json, line, list, natural, optional, record, text, truth } from "../../wire/shapes.ts";
import { placesIn, reading } from "../read-order.ts";
import { MOST_CONTOUR_BYTES } from "./words.ts";

const MOST_SHOWN = 4096;
const MOST_WORDS = 10_000;
const MOST_NAME = 60;

export interface BeginOrder {
  readonly name: string | undefined;
  /** For display. */
  readonly command: string;
  readonly words: readonly string[];
  readonly places: Places;
  readonly openFiles: number | undefined;
  /** What it is held to, with its name for display; it learns without one. */
  readonly contour: { readonly called: string; readonly bytes: Buffer } | undefined;
  readonly enforces: boolean;
  /** Whether the process that asks is to be inside itself, under bpf; else a command that it starts is, under seccomp. */
  readonly isForItself: boolean;
  /** The text of an IMA policy. */
  readonly policy: string | undefined;
}

/** A question about a live namespace. */
export interface NamedOrder {
  /** Undefined: the one that the client is in. */
  readonly name: string | undefined;
}

export function readBeginOrder(json: unknown): BeginOrder {
  return reading(() => {
    const order = record(json as Json, "the order");
    const name = optional(order["name"], (each) => line(each, "the name", MOST_NAME));
    if (name !== undefined) assertName(name);
    const contour = optional(order["contour"], (each) => {
      const { called, bytes: content } = record(each, "the contour");
      return {
        called: line(called, "the contour's name", MOST_SHOWN),
        bytes: bytes(content, "the contour", MOST_CONTOUR_BYTES),
      };
    });
    const enforces = truth(order["enforces"], "whether it enforces");
    if (enforces && contour === undefined)
      throw new CliError("agent-refused", "expected a contour to enforce, got none; name one, or learn without");
    return {
      ...{ name, contour, enforces },
      command: line(order["command"], "the command", MOST_SHOWN),
      words: list(order["words"], "the command", MOST_WORDS).map((each) => text(each, "a word of the command")),
      places: placesIn(order["places"]),
      isForItself: optional(order["itself"], (each) => truth(each, "whether it is for itself")) ?? false,
      openFiles: optional(order["openFiles"], (each) => natural(each, "the limit of open files")),
      policy: optional(order["policy"], policyIn),
    };
  });
}

export function readNamedOrder(json: unknown): NamedOrder {
  return reading(() => ({
    name: optional(record(json as Json, "the order")["name"], (each) => line(each, "the name", MOST_NAME)),
  }));
}

export function readPolicyOrder(json: unknown): NamedOrder & { readonly policy: string } {
  return reading(() => ({
    ...readNamedOrder(json),
    policy: policyIn(record(json as Json, "the order")["policy"]),
  }));
}

/** In characters, which are at most as many as its bytes. */
function policyIn(json: Json): string {
  return text(json, "the policy", MOST_BODY_BYTES);
}
