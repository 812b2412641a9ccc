/**
 * The bpf sensor of a supervising thread, with its kernel half and who keeps that. Loaded only where it is used: it is a third
 * of what a supervising thread would have to load otherwise, and brings half of Node's modules.
 */
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { DEFAULT_HOLD_SECONDS, filesWithContent, type OpenedBpf, openBpf } from "@isoline/linux";
import { awaitCell, type ControlBlock, cells } from "./control-block.ts";
import { startKeeper } from "./keeper.ts";
import type { SupervisorMessage } from "./messages.ts";
import type { Beginning, Plan } from "./plan.ts";
import type { Supervision } from "./supervision.ts";

export interface WithKernelHalf extends OpenedBpf {
  /** Ends the keeper, if there is one. */
  readonly stopKeeper: () => void;
}

/** Opens the sensor, and tells the kernel half from which thread the workload will come. */
export function openKernelHalf(
  plan: Plan,
  block: ControlBlock,
  supervision: Supervision,
  say: (message: SupervisorMessage) => void,
): WithKernelHalf {
  const { holdSeconds = DEFAULT_HOLD_SECONDS, adopt, places, mode, label = "", root, known } = plan;
  const { bars, points, mediator } = supervision;
  const bpf = openBpf(mediator, { bars, points, holdSeconds, label, adopt, root, known });
  // Who has a terminal is not stopped at once, and what it waits for should not take long.
  if (bpf.holds && root === undefined && hasTerminal()) bpf.readAhead(filesWithContent(supervision.contour, places));
  const stopKeeper = bpf.holds ? startKeeper(bpf.half) : undefined;
  if (stopKeeper) {
    const { holding, id } = bpf.half;
    say({ kind: "holds", holds: { fd: holding.fd, id, seconds: holdSeconds || DEFAULT_HOLD_SECONDS } });
  }
  if (adopt === undefined) {
    const contour = plan.contour ?? plan.output;
    bpf.half.journal.append(JSON.stringify({ places, contour: contour && resolve(contour), mode } satisfies Beginning));
    bpf.half.launchFrom(awaitCell(block, cells.launcherTid));
  }
  return { ...bpf, stopKeeper: () => stopKeeper?.() };
}

/** Whether this process has a controlling terminal, as its children will. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
