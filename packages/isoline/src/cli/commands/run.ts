/** `isoline run`: runs a command under its contour and ends with the command's status. */
import type { Invocation } from "../invocation.ts";
import { endAs } from "../workload/end-as.ts";
import { runSealed, type SealedOptions } from "../workload/sealed.ts";

export type RunOptions = SealedOptions;

export async function run(invocation: Invocation, file: string, options: RunOptions): Promise<number> {
  const { exit } = await runSealed(invocation, file, options, true);
  return endAs(exit);
}
