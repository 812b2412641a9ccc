/** Loads and checks the model of a session before the workload starts. */
import { Contour } from "@isoline/core/contour";
import type { ForensicsLimits } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { canonicalPolicy, DEFAULT_POLICY, parsePolicy, type Policy } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../store/contour-file.ts";
import type { Model } from "./model.ts";
import { OwnModel } from "./own-model.ts";
import type { Plan } from "./plan.ts";

/** The departures of a namespace that a stranger began: those of many may be in the heap of one process. What is beyond is counted. */
const OF_STRANGER: ForensicsLimits = { maxDepartures: 1000, maxBytes: 1024 * 1024 };

/** `onLost` is called once if the engine runs elsewhere and is lost. */
export async function loadModel(plan: Plan, onLost: (why: string) => void): Promise<Model> {
  const known = plan.contour === undefined ? undefined : await loadContour(plan.contour, iso1, plan.signed, plan.links);
  const policy = policyFor(plan, known);
  const contour = known ?? Contour.create({ profile: iso1, policy: canonicalPolicy(policy) });
  if (plan.engine === undefined) {
    const limits = plan.forStranger === true ? OF_STRANGER : {};
    return new OwnModel({ contour, policy, mode: plan.mode, asks: plan.asks !== undefined, limits });
  }
  const { DistantModel } = await import("./distant-model.ts");
  return DistantModel.open(plan.engine, { contour, policy, mode: plan.mode, isNew: known === undefined }, onLost);
}
/** The policy in a contour, which anyone may have changed by hand. */
function policyIn(contour: Contour, path: string | undefined): Policy {
  try {
    return parsePolicy(JSON.parse(contour.policy));
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    throw new IsolineError(fault.code, `${path}: the policy in it: ${fault.message}`, { cause: fault });
  }
}

/** The policy of a run: the contour's own, the requested one, or the default. A contour is never read through another lens. */
function policyFor(plan: Plan, contour: Contour | undefined): Policy {
  const asked = plan.policy === undefined ? undefined : parsePolicy(JSON.parse(plan.policy));
  if (!contour) return asked ?? DEFAULT_POLICY;
  const own = policyIn(contour, plan.contour);
  if (asked && canonicalPolicy(asked) !== contour.policy) {
    const remedy =
      plan.adopt === undefined
        ? "leave --lens out to go on under that one, or learn anew without --merge"
        : "name one of the policy that was asked for: isoline attach --contour";
    throw new IsolineError(
      "not-comparable",
      `the contour was learnt under another policy (its digest: ${contour.policyDigest}); ${remedy}`,
    );
  }
  return own;
}
