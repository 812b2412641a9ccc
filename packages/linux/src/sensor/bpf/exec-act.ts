/** An exec as an act, from the files that it loads and its words, as the BPF programs report them. */
import type { Call, Image } from "@isoline/core/identity";
import { digestField, remarksOn } from "../files/content.ts";
import type { Act } from "../mediation.ts";
import { callOf } from "./called.ts";
import { isStored, type SeenContent } from "./content.ts";
import { imageOf, KEY_BYTES, type Loaded } from "./executions.ts";
import { describeObject } from "./objects.ts";
import type { BpfProcess } from "./processes.ts";
import type { Record } from "./record.ts";

export interface SeenExec {
  readonly act: Act;
  readonly images: readonly [Image, ...Image[]];
  readonly call: Call;
  /** What is unknown about it. */
  readonly lost: readonly string[];
  /** Its words name a file. The next time they may lead to another one. */
  readonly namesFile: boolean;
}

/** `counts`: which content counts. */
export function execOf(
  record: Record,
  loaded: Loaded,
  process: BpfProcess,
  content: SeenContent,
  counts: "executed" | "read",
): SeenExec {
  const [target, ...loaders] = loaded;
  const loader = loaders.map(imageOf).map((image) => `${image.path}@${image.digest ?? "?"}`);
  const called = callOf(record, loaded.length * KEY_BYTES, loaded, process, content, counts);
  const subject = { ...describeObject(target.seen), ...digestField(target.content), loader, ...called.call };
  const isWhole = loaded.every(({ content: its, seen }) => its.digest ?? its.remark ?? !isStored(seen));
  return {
    act: { op: "exec", subject, ...remarksOn(...loaded.map(({ content: its }) => its)) },
    images: loaded.map(imageOf) as unknown as readonly [Image, ...Image[]],
    call: called.call,
    lost: [
      ...(isWhole ? [] : ["a program ran whose content could not be read"]),
      ...(called.lost === undefined ? [] : [called.lost]),
    ],
    namesFile: called.namesFile,
  };
}
