/** One node: the chain from its hardware to its canisters. */
import type { Canister, Node } from "@isoline/verifier";
import type { JSX } from "preact";
import { LISTS_APART, useAnswer } from "../fleet/ask.ts";
import { isOf } from "../fleet/counting.ts";
import { loadAll, type Page } from "../fleet/load.ts";
import { nodeStages } from "../model/chain.ts";
import { isEarlier, proven } from "../model/standing.ts";
import { severity, stateOf } from "../model/states.ts";
import { Chain } from "../parts/chain.tsx";
import { Verdict } from "../parts/marks.tsx";
import { Await, Hint } from "../parts/notices.tsx";
import { Rows } from "../parts/rows.tsx";
import { Ago, Facts, Hex, Said } from "../parts/said.tsx";
import { toCanister } from "../place/route.ts";
import { counted } from "../text/amounts.ts";
import { pathOf, read } from "../wire/request.ts";

export function NodePage({ name }: { readonly name: string }): JSX.Element {
  const node = useAnswer(name, (ending) => read<Node>(pathOf("nodes", name), {}, ending), {
    concerns: (change) => isOf(change, name),
    withTime: true,
  });
  const canisters = useAnswer(
    name,
    (ending) => loadAll<Canister, Page<Canister>>(pathOf("nodes", name, "canisters"), {}, ending),
    { concerns: (change) => change.node === name, withTime: true, apart: LISTS_APART },
  );
  return (
    <>
      <nav class="crumbs" aria-label="Path">
        <a href="#/">Fleet</a> <span aria-hidden="true">/</span>
      </nav>
      <h1 tabIndex={-1}>
        <Said text={name} most={120} />
      </h1>
      <Await asked={node} what="the node" missing={notInFleet}>
        {(value) => (
          <>
            <VerdictLine of={value} />
            <div class="beside">
              <section class="main-part">
                <h2>From hardware to canisters{isEarlier(value) && AS_OF_LAST}</h2>
                {isEarlier(value) && (
                  <Hint>These checks are older than the verdict above. Nothing is known of them since.</Hint>
                )}
                <Rooted node={value} />
                <Chain
                  stages={nodeStages(value.links)}
                  label="Checks of the node, from the hardware on"
                  earlier={isEarlier(value)}
                />
                <p class="chain-end" aria-hidden="true">
                  and on it
                </p>
              </section>
              <aside>
                <h2>The node</h2>
                <NodeFacts node={value} />
              </aside>
            </div>
          </>
        )}
      </Await>
      {node.missing === undefined && (
        <section>
          <h2>Canisters</h2>
          <Await asked={canisters} what="its canisters" missing={notInFleet}>
            {({ items }) =>
              items.length === 0 ? (
                <p class="nothing">{noCanister(node.value)}</p>
              ) : (
                <CanisterRows items={items} withNode={false} />
              )
            }
          </Await>
        </section>
      )}
    </>
  );
}

interface Judged {
  readonly state: string;
  readonly failure?: string | undefined;
  readonly why?: string | undefined;
  readonly since: string;
}

/** The verdict of a node or a canister, large, with its reason. */
export function VerdictLine({ of: { state, failure, why, since } }: { readonly of: Judged }): JSX.Element {
  return (
    <div class={`verdict-line ${stateOf(state)}`}>
      <Verdict state={state} failure={failure} large />
      <span class="faint">
        since <Ago at={since} />
      </span>
      {why !== undefined && (
        <p>
          <Said text={why} />
        </p>
      )}
    </div>
  );
}

/** Behind a title: what is below it was not renewed with the verdict. */
export const AS_OF_LAST = ", as of the last evidence";

const notInFleet = {
  never: "No node of this name is in the fleet, or none that you may see.",
  was: "This node has left the fleet: it was retired, or collected after its silence. Its canisters left with it.",
};

/** What vouches for the node, where that is no TPM. */
function Rooted({ node }: { readonly node: Node }): JSX.Element | null {
  if (proven(node) === "never")
    return (
      <Hint>
        Nothing of this node is proven yet: it has sent no evidence that was accepted since it was enrolled. What
        vouches for it is not known before that.
      </Hint>
    );
  if (node.root !== "none" && node.root !== "tee") return null;
  const when = proven(node) === "now" ? "" : "By its last accepted evidence: ";
  return (
    <Hint>
      {when}This node has no TPM.{" "}
      {node.root === "none"
        ? "Every check rests on its own word."
        : "Its confidential machine vouches for what it says now; nothing counts how often it was started."}
    </Hint>
  );
}

/** A node of which nothing is proven may run any. */
function noCanister(node: Node | undefined): string {
  if (node === undefined) return "No canister is known here.";
  const known = proven(node);
  if (known === "now") return "No canister runs here.";
  if (known === "earlier") return "No canister ran here as of the last evidence that was accepted.";
  return "No canister is known here: nothing of this node is proven yet.";
}

const roots: Readonly<Record<Node["root"], string>> = {
  none: "none: its word only",
  tpm: "TPM 2.0",
  tee: "a confidential machine",
  "tpm+tee": "TPM 2.0 in a confidential machine",
};

function NodeFacts({ node }: { readonly node: Node }): JSX.Element {
  const labels = Object.entries(node.labels);
  return (
    <Facts
      of={[
        ["root of trust", proven(node) === "never" ? "not known yet" : roots[node.root]],
        ["last evidence", <Ago at={node.lastSeen} />],
        ["next is due", <Ago at={node.due} />],
        ["enrolled", <Ago at={node.enrolled} />],
        ["tenant", <Said text={node.tenant} most={64} />],
        ["sensors", <Said text={node.sensors?.join(", ")} most={80} />],
        ["kernel", <Said text={node.kernel} most={160} />],
        ["build", <Said text={node.build} most={160} code />],
        ["identity", <Hex digest={node.id} />],
        ...(node.machine === undefined
          ? []
          : [["machine", <Said text={node.machine} most={200} code />] satisfies readonly [string, JSX.Element]]),
        [
          "labels",
          labels.length === 0 ? (
            "none"
          ) : (
            <ul class="labels">
              {labels.map(([key, value]) => (
                <li>
                  <Said text={`${key}=${value}`} most={200} />
                </li>
              ))}
            </ul>
          ),
        ],
      ]}
    />
  );
}

/** That a process began it for itself stands in the list as well: its name is a stranger's choice. */
const modeText = ({ mode, sensor, begun }: Canister): string =>
  `${mode}, ${sensor}${begun === undefined ? "" : `, begun by user ${begun.user} for itself`}`;

/** Canisters, the worst first. */
export function CanisterRows({ items, withNode }: { readonly items: readonly Canister[]; readonly withNode: boolean }) {
  const sorted = items.toSorted(
    (a, b) => severity(stateOf(b.state)) - severity(stateOf(a.state)) || (a.label < b.label ? -1 : 1),
  );
  return (
    <Rows
      kind="nodes"
      label="Canisters"
      items={sorted}
      keyOf={({ node, label }) => `${node}\n${label}`}
      linkOf={({ node, label }) => toCanister(node, label)}
      columns={[
        { title: "Canister", name: "name", cell: ({ label }) => <Said text={label} most={100} /> },
        { title: "Verdict", name: "state", cell: ({ state, failure }) => <Verdict state={state} failure={failure} /> },
        { title: "Since", name: "since", cell: ({ since }) => <Ago at={since} /> },
        withNode
          ? { title: "Node", name: "canisters", cell: ({ node }) => <Said text={node} most={80} /> }
          : { title: "Points", name: "canisters", cell: ({ points }) => counted(points, "point") },
        { title: "Mode", name: "tenant", cell: modeText },
        { title: "Why", name: "why", cell: ({ why, image }) => <Said text={why ?? image} most={300} /> },
      ]}
    />
  );
}
