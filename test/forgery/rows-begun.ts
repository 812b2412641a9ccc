/**
 * Rows of the matrix: namespaces that a user's process began for itself at the agent. Their user is the agent's word, their name and the
 * contour that they begin under are a stranger's choice.
 */
import type { Bench, Row, Sent } from "./bench.ts";
import { digest, narrowReference } from "./published.ts";
import { policy, references } from "./verifier.ts";

const LABEL = "begun:1000:web";
const others = { label: "*", bound: "required" };

/** Evidence with such a namespace, and a verifier with one rule more and one published contour more. */
async function begun(bench: Bench, rule: object | undefined, label = LABEL): Promise<Sent> {
  const own = rule === undefined ? [] : [{ register: "if-there", bound: "required", ...rule }];
  return {
    evidence: await bench.withMore(label, undefined),
    question: {
      policy: policy({ canisters: [...own, others] }),
      references: [references(bench.node, [narrowReference])],
    },
  };
}

const row = (forgery: string, caught: Row["caught"], rule?: object, label?: string): Row => ({
  group: caught === "no alarm" ? "No alarm" : "What processes began for themselves",
  ...{ forgery, caught },
  send: (bench) => begun(bench, rule, label),
});

export const begunRows: readonly Row[] = [
  row("a namespace that a process began, where a rule is for all labels", "rules: unknown-contour"),
  row("one of another user under the name that a rule is for", "rules: unknown-contour", {
    ...{ label: "begun:1001:web", contours: ["small"] },
  }),
  row("one under a rule that names no contour, though its contour is published", "rules: unknown-contour", {
    label: "begun:1000:*",
  }),
  row("one under a contour that was published for others", "contour: unknown-contour", {
    ...{ label: "begun:1000:web", contours: ["narrow"] },
  }),
  row(
    "a label that only looks like one of an agent's",
    "rules: unknown-contour",
    { label: "begun:*", contours: ["small"] },
    "begun:01000:web",
  ),
  row("a namespace that a process began under the contour that its rule names", "no alarm", {
    ...{ label: "begun:1000:web", contours: ["small"] },
  }),
  row("the same, where the rule names the contour by its digest", "no alarm", {
    ...{ label: "begun:*:web", contours: ["narrow", `sha256:${digest}`] },
  }),
  {
    group: "Canisters",
    forgery: "a published contour that is not among those that the rule names",
    caught: "contour: unknown-contour",
    send: async (bench) => ({
      evidence: await bench.honest(),
      question: {
        policy: policy({ canisters: [{ ...others, contours: ["narrow"] }] }),
        references: [references(bench.node, [narrowReference])],
      },
    }),
  },
];
