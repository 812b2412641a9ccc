/** What a thread does between the turns of the seccomp sensors that it serves: one wait for all of them, and a look at itself. */
import { gettid, poll } from "../../abi/libc.ts";
import { EINTR } from "../../abi/errno.ts";
import { LinuxError } from "../../error.ts";
import { readThreadStatus } from "../../process/proc-status.ts";
import type { Listener } from "./listener/notification.ts";

/** What a sensor waits for between two turns (`SeccompSensor.waiting`). */
interface Waiting {
  readonly waiting: Pick<Listener, "waits" | "patience" | "describe">;
}

/**
 * Waits until one of the sensors has something to do, for so many milliseconds at most (-1: without a limit). Returns for each, in
 * their order, whether it has.
 */
export function awaitTurns(sensors: readonly Waiting[], milliseconds: number): readonly boolean[] {
  const counts = sensors.map(({ waiting }) => waiting.waits);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const entries = Buffer.alloc(8 * total);
  let at = 0;
  let patience = milliseconds;
  sensors.forEach(({ waiting }, index) => {
    waiting.describe(entries, 8 * at);
    at += counts[index] ?? 0;
    const own = waiting.patience;
    if (own >= 0) patience = patience < 0 ? own : Math.min(patience, own);
  });
  const result = poll(entries, total, patience);
  if (result < 0 && result !== -EINTR)
    throw new LinuxError("sensor-lost", `cannot wait for the seccomp listeners (errno ${-result})`);
  let from = 0;
  return sensors.map(({ waiting }, index) => {
    const own = from;
    from += counts[index] ?? 0;
    // A sensor that wanted to be called by now has something to do although no descriptor says so.
    if (waiting.patience === 0) return true;
    for (let place = own; result > 0 && place < from; place++)
      if (entries.readUInt16LE(8 * place + 6) !== 0) return true;
    return false;
  });
}

/** The rights of the calling thread, as text: a failed call in place of a task could have left them changed. */
export function ownRights(): string {
  const { credentials, groups } = readThreadStatus(gettid()) ?? {};
  return JSON.stringify({ credentials, groups }, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}
