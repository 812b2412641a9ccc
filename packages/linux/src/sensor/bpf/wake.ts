/**
 * A held task is stopped, and only another process can wake it: the supervisor when it has decided, one of its threads when
 * another is stuck, and the keeper when the supervisor has ended. The woken task restarts its call. The BPF programs then
 * refuse an act that is overdue, or has no verdict.
 */
import { BpfMap } from "../../libbpf/map.ts";
import { sendSignal } from "../../process/child.ts";
import { held } from "./structures.ts";

const KEY_BYTES = 8;
const MOST_HELD = 16_384;
const SIGCONT = 18;

/** Wakes the tasks that a namespace holds for longer than so many seconds; how many there were. `fd` is of the map `holding`. */
export function wakeHeld(fd: number, id: number, seconds: number): number {
  const holding = new BpfMap("holding", fd);
  const value = Buffer.alloc(held.bytes);
  // The start of a hold is noted in CLOCK_MONOTONIC, which Node uses as well.
  const latest = process.hrtime.bigint() - BigInt(Math.round(seconds * 1e9));
  let woken = 0;
  for (const key of holding.keys(KEY_BYTES, MOST_HELD)) {
    if (key.readUInt32LE(0) !== id || !holding.lookup(key, value)) continue;
    if (value.readBigUInt64LE(held.since) > latest) continue;
    sendSignal(value.readUInt32LE(held.pid), SIGCONT);
    woken += 1;
  }
  return woken;
}
