/** `isoline check`: for CI: did a command stay on its contour? */
import { leave } from "@isoline/linux";
import { status } from "../ending.ts";
import type { Invocation } from "../invocation.ts";
import { endAs } from "../workload/end-as.ts";
import { runSealed, type SealedOptions } from "../workload/sealed.ts";

export type CheckOptions = SealedOptions;

export async function check(invocation: Invocation, file: string, options: CheckOptions): Promise<number> {
  const { exit, report } = await runSealed(invocation, file, options);
  if (report.verdict === "off-contour") return leave(status.offContour);
  if (report.verdict === "incomplete") return leave(status.incomplete);
  return endAs(exit);
}
