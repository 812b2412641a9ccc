/**
 * The first statements of a database: what is in force when it gets a log. Without them, every verdict would stand under a policy that is
 * not logged.
 */
import {
  currentPolicies,
  type Database,
  everyEnrolled,
  presentEpoch,
  references,
  reviewedContours,
  state,
  type ToState,
} from "../store/index.ts";
import { contourIn, contourState, publications, type Rules, signersOf } from "../fleet/index.ts";

export async function stateWhatIsInForce(step: Database, rules: Rules): Promise<void> {
  const { policySigners } = rules.trusted;
  const said: ToState[] = [];
  for (const { name, digest, version, file } of await currentPolicies(step))
    said.push({ kind: "publish-policy", name, digest, version, signer: await signersOf(file, policySigners) });
  const files = await references(step);
  for (const { name, digest, file } of files)
    said.push({ kind: "publish-reference", name, digest, signer: await signersOf(file, policySigners) });
  const named = await rules.contoursIn(files);
  said.push(...publications([], named));
  const isNamed = new Set(named.map(({ contour }) => contour));
  // A person put the others, and these count for any image.
  for (const { digest, file } of (await reviewedContours(step)).filter((one) => !isNamed.has(one.digest)))
    said.push({
      kind: "publish-contour",
      name: undefined,
      digest,
      state: contourState(contourIn(file)),
      image: [],
      signer: [],
    });
  const { epoch } = await presentEpoch(step);
  if (epoch > 0) said.push({ kind: "epoch", epoch });
  await state(step, said);
  await everyEnrolled(step, (ids) =>
    state(
      step,
      ids.map((node) => ({ kind: "enrolment", node, which: "first" })),
    ),
  );
}
