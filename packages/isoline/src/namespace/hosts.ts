/** Whether a namespace calls hosts by name, and what it knows of them. */
import { HostNames } from "@isoline/linux";
import { traitsOf } from "./drivers/traits.ts";
import type { Model } from "./model.ts";
import type { Plan } from "./plan.ts";

/** `lookUp` has the main thread look a host up. A container looks hosts up by a resolv.conf and in a network of its own. */
export function hostsOf({ sensor, places }: Plan, model: Model, lookUp: (name: string) => void): HostNames | undefined {
  const canAnswer = traitsOf(sensor).answersLookups && places.canister === undefined;
  return canAnswer && model.policy.rules["host-name"]
    ? new HostNames(() => model.contour, model.engine, lookUp)
    : undefined;
}
