/** `isoline seal`: ends the learning of a live namespace. This cannot be undone. */
import { findNamespace } from "../../control/directory.ts";
import { status } from "../ending.ts";
import { note, printJson } from "../output/streams.ts";
import { counted, harmless } from "../output/wording.ts";

export interface SealOptions {
  readonly json?: boolean;
}

export async function seal(name: string, { json }: SealOptions): Promise<number> {
  const client = await findNamespace(name);
  const state = await client.seal();
  if (json) printJson(state);
  else
    note(
      `${harmless(client.name)} is sealed with ${counted(state.points, "point")}; whatever else it does is off contour`,
    );
  return status.success;
}
