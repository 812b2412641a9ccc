/** Where a namespace is recorded in hardware, if it is to be: its code is loaded only then. */
import type { MessagePort } from "node:worker_threads";
import type { Hardware } from "./hardware.ts";
import type { Model } from "./model.ts";
import type { Plan } from "./plan.ts";

/** `recorder` leads to the thread that records; without it the namespace has one of its own. */
export async function hardwareOf(
  plan: Plan,
  model: Model,
  recorder: MessagePort | undefined,
): Promise<Hardware | undefined> {
  if (plan.tpm === undefined) return undefined;
  const { Hardware } = await import("./hardware.ts");
  return Hardware.begin(plan.tpm, plan, model, recorder);
}
