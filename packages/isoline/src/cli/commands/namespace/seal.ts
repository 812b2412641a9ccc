/** `isoline namespace seal`: a namespace that was begun at the agent learns nothing more and takes no policy, for good. */
import type { BegunState } from "../../../agent/begun/words.ts";
import { status } from "../../ending.ts";
import { type AskedOptions, asked, showState } from "./asked.ts";
import { named } from "./show.ts";

export async function namespaceSeal(name: string | undefined, options: AskedOptions): Promise<number> {
  showState((await asked(options, { ask: "seal", ...named(name) })) as BegunState, options);
  return status.success;
}
