/** `isoline amend`: a live namespace goes on under a contour that permits more. */
import { amendNamespace } from "../../library/amend.ts";
import { status } from "../ending.ts";
import { note, printJson } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";

export interface AmendOptions {
  readonly json?: boolean;
}

export async function amend(name: string, file: string, { json }: AmendOptions): Promise<number> {
  const amended = await amendNamespace(name, file);
  if (json) {
    printJson(amended);
    return status.success;
  }
  const { points, added, permitted, untilRestart } = amended;
  note(`${harmless(amended.name)} goes on under ${counted(points, "point")}, ${added} of them new`);
  if (permitted > 0) note(`${counted(permitted, "act")} that waited for an answer may happen now`);
  for (const line of untilRestart)
    note(`refused by the kernel's own rules until it is started anew: ${harmless(line)}`);
  return status.success;
}
