/** The data that a live namespace reports. */
import type { Consequence, ContentRemark, Mode } from "@isoline/core/engine";
import type { Loss } from "./report.ts";

/** One decision, as followers see it. */
export interface LiveEvent {
  /** Its number in the namespace, from 1. */
  readonly sequence: number;
  /** Of the process that acted. */
  readonly pid: number;
  /** Names of the programs from the first of the namespace to the one that acted. */
  readonly chain: readonly string[];
  /** `lost` for an event that could not be resolved: it is neither on contour nor off. */
  readonly verdict: "on" | "off" | "lost";
  readonly refused: boolean;
  /** Whether it was the first of its kind. */
  readonly novel: boolean;
  /** What happened, in one line. */
  readonly act: string;
  /** What could follow from it. */
  readonly consequence: Consequence;
  /** Why it is off contour, if it is. */
  readonly why?: string;
  /** Remarks on the files whose content counts: unknown content, and content that the kernel verifies. */
  readonly content?: readonly ContentRemark[];
}

/** A decision, or the number of decisions that were dropped because they were not read in time. */
export type EventLine = LiveEvent | { readonly lost: number };

/** The state of a namespace at one moment. */
export interface Snapshot {
  readonly mode: Mode;
  readonly events: number;
  readonly points: number;
  /** Points that this run has added. */
  readonly novel: number;
  readonly attempts: number;
  readonly off: number;
  readonly refused: number;
  /** The departure with the gravest consequence; absent while there is none. */
  readonly gravest?: { readonly consequence: Consequence; readonly act: string } | undefined;
  readonly processes: readonly ProcessReport[];
  readonly incomplete: readonly Loss[];
}

/** The same with its processes counted, so that it is as small whatever their number is. */
export interface CountedSnapshot extends Omit<Snapshot, "processes"> {
  readonly processes: number;
  /** Of the processes that live. */
  readonly untrusted: number;
  /** Processes that lost their trust or were born without it, also those that have ended. */
  readonly everUntrusted: number;
  /** How many departures can be asked for. */
  readonly departures: number;
}

/** A process of a namespace, and whether it is trusted. */
export interface ProcessReport {
  readonly pid: number;
  readonly chain: readonly string[];
  readonly trusted: boolean;
  /** The departure that ended the trust. */
  readonly cause?: string;
}

/** The contour as it is at one moment. */
export interface ContourState {
  readonly profile: string;
  /** Digest of the policy. */
  readonly policy: string;
  readonly points: number;
  readonly state: string;
  readonly measurement: string;
}

/** An act that waits for an answer. */
export interface QuestionReport {
  /** Its number in the namespace. */
  readonly id: number;
  readonly pid: number;
  /** The effective user of the process. */
  readonly uid: number | string;
  /** Names of the programs from the first of the namespace to the one that acts. */
  readonly chain: readonly string[];
  /** What it would do, with every part of it, as in reports. */
  readonly act: string;
  /** The same in words. */
  readonly says: string;
  /** Who would do what, and what comes nearest to it on the contour. */
  readonly why: string;
  /** What it would mean to permit it. */
  readonly means: string;
  readonly point: string;
}

/** What became of an answer. */
export interface Settled {
  /** False if the question was over: answered, too late, or the process had ended. */
  readonly settled: boolean;
  /** Of `always`: why the act is permitted for this run only, or this once only. */
  readonly remark?: string;
}

/** What became of an amendment. */
export type Amended =
  | {
      readonly points: number;
      readonly added: number;
      /** What waited for an answer and is permitted now. */
      readonly permitted: number;
      /** What the kernel's own rules refuse until the command is started anew, one line each. */
      readonly untilRestart: readonly string[];
    }
  | { readonly refused: string; readonly message: string };
