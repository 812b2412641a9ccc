/** An act that the BPF programs reported, and its ruling. */
import type { Act, Verdict } from "../mediation.ts";
import type { BpfProcess } from "./processes.ts";
import { operations, type Record } from "./record.ts";

/** An act that was reported. */
export interface Asked {
  readonly record: Record;
  readonly process: BpfProcess;
  readonly key: Buffer;
  /**
   * Another act with the same key is the same act. False if the key covers versions of files, and these no longer prove their
   * content.
   */
  readonly isSameByKey: boolean;
}

/** What the BPF programs are to do with it. */
export interface Ruling {
  readonly verdict: Verdict;
  /** It holds for every act with the same key. */
  readonly lasts?: boolean;
  /** The supervisor decides each time. */
  readonly isEach?: boolean;
  /** It holds while there is no supervisor. */
  readonly isLeft?: boolean;
  /** The number of the identity that an exec leads to. */
  readonly next?: number;
}

/**
 * Whether an act is about another process. A key has numbers of processes and groups, which are used again, and not what its actor is to
 * them (but for `isToldByKey` in lasting.ts).
 */
export function dependsOnRelation({ subject }: Act): boolean {
  return "relation" in subject;
}

/** Whether the version of a file is part of an act, and so of its key. */
export function dependsOnVersions(record: Record): boolean {
  if (record.operation === operations.exec) return true;
  return Array.from({ length: record.objects }, (_, index) => record.object(index)).some(({ inode }) => inode !== 0n);
}
