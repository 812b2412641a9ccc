/** The requests to a live namespace and its answers. Both cross between threads, so both are plain data. */
import type { CanisterPlaces } from "@isoline/core/identity";
import type { HostLookup } from "@isoline/linux";
import type { Bank } from "../integrity/hash-algorithms.ts";
import type { AnswerWord } from "./answer-words.ts";
import type { Amended, ContourState, CountedSnapshot, ProcessReport, Settled } from "./live.ts";
import type { DepartureReport } from "./report.ts";
import type { Bond } from "./model.ts";
import type { Standing } from "./standing.ts";

/** By the name of a request: its arguments and its answer. */
interface Exchanges {
  snapshot: { with: object; reply: CountedSnapshot };
  /** Processes with their trust: of one pid, or all. */
  trust: { with: { readonly pid?: number | undefined }; reply: readonly ProcessReport[] };
  /** Whether a living process is in this namespace, or in another that the kernel knows of; true if it cannot be told. */
  member: { with: { readonly pid: number }; reply: boolean };
  /** Whether a living process is in this namespace, and not in another. */
  "own-member": { with: { readonly pid: number }; reply: boolean };
  /** Ends the learning for good. */
  seal: { with: object; reply: CountedSnapshot };
  contour: { with: object; reply: ContourState };
  /** The contour as a file, as far as it has come; null if that would have more characters than `most`. */
  "contour-text": { with: { readonly most: number }; reply: string | null };
  /** What evidence says of this namespace; the bound state needs a verifier's challenge and the aggregate of this machine. */
  attest: { with: { readonly binds: Bond | undefined }; reply: Standing };
  /** Keeps what was learnt so far, beside the contour; false if it did not. */
  checkpoint: { with: object; reply: boolean };
  /** Departures from an index on, in order: at most a hundred at a time, and none only where none is left. */
  departures: { with: { readonly from: number }; reply: readonly DepartureReport[] };
  /** Of every departure, in order: how often it was until now. */
  recount: { with: object; reply: readonly Pick<DepartureReport, "count" | "refused" | "last">[] };
  /** Whether decisions are reported as they are made. */
  follow: { with: { readonly on: boolean }; reply: true };
  /** Takes in the processes that another isoline process starts; false if they are not accepted. */
  join: { with: Joined; reply: boolean };
  /** Sends a signal to every process of the namespace; returns their number. */
  signal: { with: { readonly signal: number }; reply: number };
  /** Answers a question; `late` if no answer came in time. */
  settle: { with: { readonly id: number; readonly how: AnswerWord | "late"; readonly by: string }; reply: Settled };
  /** Withdraws the questions of processes that have ended, and adds what came with the programs that may always start. */
  "sweep-questions": { with: object; reply: true };
  /** Goes on under the contour in a file, which permits more than the present one. */
  amend: { with: Amendment; reply: Amended };
  /** Stops every process of the namespace, or has them go on; false if one of them still runs. */
  standstill: { with: { readonly on: boolean }; reply: boolean };
  /** From now on no task of the namespace may use this file; false if the sensor cannot tell it from others. */
  keep: { with: { readonly device: number; readonly inode: number }; reply: boolean };
  /** What a lookup found that the supervising thread asked for. */
  "looked-up": { with: { readonly name: string; readonly found: HostLookup }; reply: true };
  /** Looks whether no process is left, where the kernel may not say so by itself. */
  "look-for-end": { with: object; reply: boolean };
  /** Ends the supervision while processes are left; the report says why. */
  abandon: { with: { readonly why: string }; reply: true };
  /** The text of the integrity view's rules; empty if it has none. */
  "ima-policy": { with: object; reply: string };
  /** Sets a policy, if there is none yet. */
  "load-ima-policy": { with: { readonly text: string }; reply: PolicyLoaded };
  /** The measurement list as bytes, in the kernel's forms; null if that would have more than `most`. */
  "ima-list": {
    with: { readonly form: "binary" | "ascii"; readonly bank: Bank; readonly most: number };
    reply: Uint8Array | null;
  };
  "ima-counts": { with: object; reply: { readonly entries: number; readonly violations: number } };
  /** Data that is not a file, to be measured if a rule says so. */
  "measure-critical-data": {
    with: { readonly label: string; readonly event: string; readonly data: Uint8Array };
    reply: BufferMeasured;
  };
}

export interface Amendment {
  /** A file, named from the root. */
  readonly contour: string;
  /** The state that it must have; whatever it has if left out. */
  readonly state?: string | undefined;
}

/** The description of what another isoline process brings into the namespace. */
interface Joined {
  readonly pid: number;
  /** Its start time, as it states. */
  readonly started: string;
  /** Its filter's listener among its descriptors; undefined without a filter. */
  readonly listener: number | undefined;
  /** Files that it was given, by purpose. */
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

/** The answer to a request. */
export type Reply<R extends Request> = Exchanges[R["ask"]]["reply"];

/** Sends a request to a namespace; undefined if it has ended. */
export type Ask = <R extends Request>(request: R) => Promise<Reply<R> | undefined>;

/** One function for each request. */
export type Answers<K extends Name = Name> = { readonly [N in K]: (request: RequestOf<N>) => Exchanges[N]["reply"] };
export type IntegrityAnswers = Answers<IntegrityName>;

/** Answers a request with the function of its name. */
export function answered<K extends Name>(answers: Answers, request: RequestOf<K>): Exchanges[K]["reply"] {
  return answers[request.ask](request);
}

export function isAboutIntegrity({ ask }: Request): boolean {
  return ask === "measure-critical-data" || ask === "load-ima-policy" || ask.startsWith("ima-");
}

/** A request on its way from the main thread to the supervising thread. */
export interface Envelope {
  readonly id: number;
  readonly request: Request;
}
