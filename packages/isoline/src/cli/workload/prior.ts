/** The prior beside a contour that is about to be learnt. It is read before the workload begins, which may write to its file. */
import { existsSync } from "node:fs";
import type { Entry } from "../../namespace/entry.ts";
import type { PriorBeside } from "../output/prior.ts";

/** Undefined where there is none, as for most contours: then nothing about priors is loaded. */
export async function priorBeside(contour: string, entry: Entry): Promise<PriorBeside | undefined> {
  if (!existsSync(`${contour}.prior`)) return undefined;
  return (await import("../output/prior.ts")).PriorBeside.of(contour, entry);
}
