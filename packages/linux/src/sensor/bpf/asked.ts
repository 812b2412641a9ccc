/** An act that the BPF programs told of, and what becomes of it. */
import type { Verdict } from "../mediation.ts";
import type { BpfProcess } from "./processes.ts";
import { operations, type Record } from "./record.ts";

/** An act that was told of. */
export interface Asked {
  readonly record: Record;
  readonly process: BpfProcess;
  readonly key: Buffer;
  /** Another act with the same key is the same act: not once versions of files, which are part of keys, tell nothing. */
  readonly isSameByKey: boolean;
}

/** What becomes of it. */
export interface Ruling {
  readonly verdict: Verdict;
  /** It holds for every act with the same key. */
  readonly lasts?: boolean;
  /** The number of the identity that an exec leads to. */
  readonly next?: number;
}

/** Whether the version of a file is part of an act, and so of its key. */
export function dependsOnVersions(record: Record): boolean {
  if (record.operation === operations.exec) return true;
  return Array.from({ length: record.objects }, (_, index) => record.object(index)).some(({ inode }) => inode !== 0n);
}
