/** Steps under Landlock rules, on the real kernel. Each job has a thread of its own, which ends with the job. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Digest } from "@isoline/core/digest";
import type { Actor, Event, Operation, Subject } from "@isoline/core/event";
import type { AppliedLandlock } from "../../packages/linux/src/landlock/apply.ts";
import type { LandlockRules } from "../../packages/linux/src/landlock/rules.ts";
import type { Compiled } from "../compiled/linux.ts";

/** An operation of `file-operations.mjs` and its arguments. */
export type Step = readonly [name: string, ...rest: unknown[]];

export interface Job {
  readonly rules: LandlockRules;
  readonly steps: readonly Step[];
  /** Restricts the rules to an older version of Landlock. */
  readonly version?: number;
}

export interface Held {
  readonly applied: AppliedLandlock;
  /** The result of each step: "ok", output, or an error code. */
  readonly said: readonly string[];
}

const driver = fileURLToPath(new URL("./held.mjs", import.meta.url));

/** Runs jobs one after the other, as an ordinary user if one is given. */
export function runHeld(compiled: Compiled, jobs: readonly Job[], uid?: number): readonly Held[] {
  const identity = uid === undefined ? {} : { uid, gid: uid };
  const { stdout, stderr } = spawnSync(process.execPath, [driver, compiled.module("landlock/apply.js")], {
    input: JSON.stringify(jobs),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    ...identity,
  });
  if (stdout === "") throw new Error(`nothing came back: ${stderr}`);
  return JSON.parse(stdout);
}

const credentials = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const nobody = "0".repeat(64) as Digest;
const actor: Actor = { task: nobody, parent: nobody, credentials };

/** An event as a contour has it. The actor does not matter to Landlock. */
export function act<O extends Operation>(op: O, subject: Subject<O>): Event {
  return { op, actor, subject } as unknown as Event;
}
