/** What a live namespace can be asked, and what it answers. Both cross from thread to thread, so both are plain data. */
import type { CanisterPlaces } from "@isoline/core";
import type { Bank } from "../integrity/hash-algorithms.ts";
import type { ContourState, ProcessReport, Snapshot } from "./live.ts";
import type { DepartureReport } from "./report.ts";

/** By the name of a request: what is said with it, and what is answered. */
interface Exchanges {
  snapshot: { with: object; reply: Snapshot };
  /** Processes with their standing: of one pid, or all. */
  trust: { with: { readonly pid?: number | undefined }; reply: readonly ProcessReport[] };
  /** Ends the learning, for good. */
  seal: { with: object; reply: Snapshot };
  contour: { with: object; reply: ContourState };
  /** Departures from one on, in order, at most a hundred at a time. */
  departures: { with: { readonly from: number }; reply: readonly DepartureReport[] };
  /** Whether decisions are told as they are made. */
  follow: { with: { readonly on: boolean }; reply: true };
  /** Takes in what another process of ours starts; false where it is not taken. */
  join: { with: Joined; reply: boolean };
  /** Sends a signal to every process of the namespace; how many they are. */
  signal: { with: { readonly signal: number }; reply: number };
  /** Ends the supervision, with processes left. */
  abandon: { with: object; reply: true };
  /** The text of the rules of the integrity view; empty while it has none. */
  "ima-policy": { with: object; reply: string };
  /** Takes a policy, if there is none yet. */
  "load-ima-policy": { with: { readonly text: string }; reply: PolicyLoaded };
  /** The measurement list as bytes, in the kernel's forms. */
  "ima-list": { with: { readonly form: "binary" | "ascii"; readonly bank: Bank }; reply: Uint8Array };
  "ima-counts": { with: object; reply: { readonly entries: number; readonly violations: number } };
  /** Something that is no file, to be measured if a rule says so. */
  "measure-critical-data": {
    with: { readonly label: string; readonly event: string; readonly data: Uint8Array };
    reply: BufferMeasured;
  };
}

/** What another process of ours brings into the namespace. */
interface Joined {
  readonly pid: number;
  /** When it started, by its own word. */
  readonly started: string;
  /** Its filter's listener among its descriptors; undefined without a filter. */
  readonly listener: number | undefined;
  /** Files that it was given, by what they are for. */
  readonly names: CanisterPlaces["directories"];
}

export type PolicyLoaded =
  | { readonly rules: number }
  | { readonly refused: "sealed" | "not-inspected" | "bad-ima-policy"; readonly message: string };

/** The register it was measured into. */
export type BufferMeasured =
  | { readonly register: number }
  | { readonly refused: "usage" | "not-measured" | "not-inspected" | "full"; readonly message: string };

type Name = keyof Exchanges;
type IntegrityName = "ima-policy" | "load-ima-policy" | "ima-list" | "ima-counts" | "measure-critical-data";

/** The requests of some names, each with its own members. */
export type RequestOf<K extends Name> = { [N in K]: { readonly ask: N } & Exchanges[N]["with"] }[K];
export type Request = RequestOf<Name>;

/** What a request is answered with. */
export type Reply<R extends Request> = Exchanges[R["ask"]]["reply"];

/** Asks a namespace; undefined when it is over. */
export type Ask = <R extends Request>(request: R) => Promise<Reply<R> | undefined>;

/** One function for each request. */
export type Answers<K extends Name = Name> = { readonly [N in K]: (request: RequestOf<N>) => Exchanges[N]["reply"] };
export type IntegrityAnswers = Answers<IntegrityName>;

/** The answer to a request, by the function that is for it. */
export function answered<K extends Name>(answers: Answers, request: RequestOf<K>): Exchanges[K]["reply"] {
  return answers[request.ask](request);
}

export function isAboutIntegrity({ ask }: Request): boolean {
  return ask === "measure-critical-data" || ask === "load-ima-policy" || ask.startsWith("ima-");
}

/** A request under way from the main thread to the supervising thread. */
export interface Envelope {
  readonly id: number;
  readonly request: Request;
}
