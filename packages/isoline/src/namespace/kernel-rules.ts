/** What the kernel is to refuse by itself. */
import { compileLandlock, type LandlockRules, leavingRoomForAnswers } from "@isoline/linux";
import type { Model } from "./model.ts";
import type { Plan } from "./plan.ts";

export function landlockOf(plan: Plan, { contour }: Model): LandlockRules {
  const rules = compileLandlock(contour, plan.places);
  return plan.asks === undefined ? rules : leavingRoomForAnswers(rules);
}
