/**
 * The matrix: what a node, root on it, or a stranger between it and the verifier may send. Each row makes evidence on a real TPM, and
 * says which check must catch it; some rows must not alarm.
 */
import type { Row } from "./bench.ts";
import { begunRows } from "./rows-begun.ts";
import { canisterRows } from "./rows-canisters.ts";
import { bootEventRows } from "./rows-boot-events.ts";
import { endingRows } from "./rows-endings.ts";
import { lostRows } from "./rows-lost.ts";
import { machineRows } from "./rows-machine.ts";
import { nameRows } from "./rows-names.ts";
import { platformRows } from "./rows-platform.ts";
import { restartRows } from "./rows-restarts.ts";
import { recordRows } from "./rows-records.ts";

export const rows: readonly Row[] = [
  ...platformRows,
  ...bootEventRows,
  ...machineRows,
  ...recordRows,
  ...restartRows,
  ...nameRows,
  ...canisterRows,
  ...endingRows,
  ...lostRows,
  ...begunRows,
];
