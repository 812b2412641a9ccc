/** The model of a session, loaded and checked before the workload starts: contour, policy, engine. */
import { Contour } from "@isoline/core/contour";
import { Engine, Neighbourhood, Updates } from "@isoline/core/engine";
import { IsolineError } from "@isoline/core/error";
import { canonicalPolicy, DEFAULT_POLICY, parsePolicy, type Policy } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { loadContour } from "../store/contour-file.ts";
import type { Plan } from "./plan.ts";

export interface Model {
  /** Another one, once it was amended. */
  readonly contour: Contour;
  readonly policy: Policy;
  readonly engine: Engine;
  /** The contour, with its index of nearest points. */
  readonly learnt: Neighbourhood;
  /** Tells updates from other departures. */
  readonly updates: Updates;
}

/** Has a model go on under a contour that permits more; refuses any other. */
export function amendModel(model: Model, contour: Contour): void {
  model.engine.amend(contour);
  Object.assign(model, { contour, ...knowledgeOf(contour, model.engine) } satisfies Partial<Model>);
}

function knowledgeOf(contour: Contour, engine: Engine): Pick<Model, "learnt" | "updates"> {
  const learnt = new Neighbourhood(contour);
  return { learnt, updates: new Updates(learnt, (id) => engine.forensics.unknownTask(id)) };
}

export async function loadModel(plan: Plan): Promise<Model> {
  const known = plan.contour === undefined ? undefined : await loadContour(plan.contour, iso1, plan.signed);
  const policy = policyFor(plan, known);
  const contour = known ?? Contour.create({ profile: iso1, policy: canonicalPolicy(policy) });
  const engine = new Engine({ contour, mode: plan.mode, reaction: policy.reaction, asks: plan.asks !== undefined });
  return { contour, policy, engine, ...knowledgeOf(contour, engine) };
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
    throw new IsolineError(
      "not-comparable",
      `the contour was learnt under another policy (its digest: ${contour.policyDigest}); leave --lens out to go on under that one, or learn anew without --merge`,
    );
  }
  return own;
}
