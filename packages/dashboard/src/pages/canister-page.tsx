/** One canister: its contour as a map, what departed from it, how far it is trusted, and its counters over time. */
import type { CanisterInFull, ContourMap, Node } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { type Asked, useAnswer } from "../fleet/ask.ts";
import { isOf } from "../fleet/counting.ts";
import { canisterStages, nodeStages, worstOf } from "../model/chain.ts";
import { isEarlier } from "../model/standing.ts";
import { Chain } from "../parts/chain.tsx";
import { ContourDrawing } from "../parts/contour-drawing.tsx";
import { ContourText } from "../parts/contour-text.tsx";
import { OverTime } from "../parts/counters-chart.tsx";
import { Departures, Trust } from "../parts/departures.tsx";
import { OutcomeMark, outcomeWord } from "../parts/marks.tsx";
import { Await, Hint } from "../parts/notices.tsx";
import { Processes } from "../parts/processes.tsx";
import { Ago, Facts, Hex, Said } from "../parts/said.tsx";
import { toNode } from "../place/route.ts";
import { count, counted } from "../text/amounts.ts";
import { Fault } from "../wire/fault.ts";
import { pathOf, read } from "../wire/request.ts";
import { AS_OF_LAST, VerdictLine } from "./node-page.tsx";

export function CanisterPage({ node, label }: { readonly node: string; readonly label: string }): JSX.Element {
  const key = `${node}\n${label}`;
  const canister = useAnswer(
    key,
    (ending) => read<CanisterInFull>(pathOf("nodes", node, "canisters", label), {}, ending),
    { concerns: (change) => isOf(change, node, label), withTime: true },
  );
  const below = useAnswer(node, (ending) => read<Node>(pathOf("nodes", node), {}, ending), {
    concerns: (change) => isOf(change, node),
    withTime: true,
  });
  return (
    <>
      <nav class="crumbs" aria-label="Path">
        <a href="#/">Fleet</a> <span aria-hidden="true">/</span>{" "}
        <a href={toNode(node)}>
          <Said text={node} most={80} />
        </a>{" "}
        <span aria-hidden="true">/</span>
      </nav>
      <h1 tabIndex={-1}>
        <Said text={label} most={160} />
      </h1>
      <Await asked={canister} what="the canister" missing={notThere}>
        {(value) => <CanisterParts canister={value} below={below} />}
      </Await>
    </>
  );
}

const notThere = {
  never: "No canister of this name is known on this node: it ended, or none was there that you may see.",
  was: "This canister is not there any more: it ended, or its node left the fleet.",
};

/** Where the verdict is newer than what it was judged by, everything but the verdict and the contour says so. */
function CanisterParts({
  canister,
  below,
}: {
  readonly canister: CanisterInFull;
  readonly below: Asked<Node>;
}): JSX.Element {
  const { begun, sensor, counters, links } = canister;
  const earlier = isEarlier(canister);
  const then = earlier && AS_OF_LAST;
  return (
    <>
      <VerdictLine of={canister} />
      {begun !== undefined && <BegunNote begun={begun} sensor={sensor} />}
      {earlier && (
        <Hint>
          What the node says of this canister does not count now. Its figures, its processes, its facts and its checks
          are as of the last evidence that counted; nothing is known of them since.
        </Hint>
      )}
      <ul class={earlier ? "figures earlier" : "figures"}>
        <Figure title="events" value={counters.events} />
        <Figure title="departures" value={counters.departures} bad />
        <Figure title="refused" value={counters.refused} bad />
        <Figure title="lost" value={counters.lost} bad />
        <Figure title="untrusted processes" value={counters.untrusted} bad />
      </ul>
      <div class="beside">
        <section class="main-part">
          <h2>Departures</h2>
          <p class="faint">In the node's own words. The verifier passes them on, and does not prove them.</p>
          <Departures all={canister.departures} counted={counters.departures} />
          <h2>Trust of its processes{then}</h2>
          <Trust canister={canister} earlier={earlier} />
          <Processes canister={canister} earlier={earlier} />
          <h2>From hardware to this canister{then}</h2>
          <Await asked={below} what="the node below">
            {(value) => <NodeInShort node={value} />}
          </Await>
          <Chain stages={canisterStages(links)} label="Checks of the canister" earlier={earlier} />
        </section>
        <aside>
          <h2>The canister{then}</h2>
          <CanisterFacts canister={canister} />
        </aside>
      </div>
      <section>
        <h2>Contour</h2>
        <ContourPart canister={canister} />
      </section>
      <section>
        <h2>Over time</h2>
        <Drawn canister={canister} />
      </section>
    </>
  );
}

/** Drawn anew only where what it shows is another: the canister is read again and again. */
function Drawn({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  const kept = useRef(canister);
  const shownOf = ({ history, reports, counters }: CanisterInFull) => JSON.stringify([history, reports, counters]);
  if (shownOf(kept.current) !== shownOf(canister)) kept.current = canister;
  const { current } = kept;
  return useMemo(() => <OverTime canister={current} />, [current]);
}

/** What a process began for itself is shown as that, whatever it called it. */
function BegunNote({
  begun,
  sensor,
}: {
  readonly begun: Begun;
  readonly sensor: CanisterInFull["sensor"];
}): JSX.Element {
  return (
    <p class="begun-note">
      A process of user {String(begun.user)} of the node began this for itself, and called it{" "}
      <Said text={begun.name} most={40} code />.{" "}
      {sensor === "bpf"
        ? "The kernel took that process in."
        : "That process installed the filter, so it holds what it started unless it meant to deceive."}
    </p>
  );
}

function Figure({
  title,
  value,
  bad = false,
}: {
  readonly title: string;
  readonly value: number;
  readonly bad?: boolean;
}) {
  return (
    <li class={bad && value > 0 ? "figure bad" : "figure"}>
      <b>
        {bad && value > 0 && <span aria-hidden="true">▲ </span>}
        {count(value)}
      </b>
      {title}
    </li>
  );
}

type Begun = NonNullable<CanisterInFull["begun"]>;

const roots: Readonly<Record<CanisterInFull["root"], string>> = {
  tpm: "a register of the TPM",
  tee: "an engine in a confidential machine",
  node: "the node's word",
};

function CanisterFacts({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  return (
    <Facts
      of={[
        ["image", <Said text={canister.image} most={300} code />],
        ["contour", <Said text={canister.contourName} most={120} />],
        ["contour digest", <Hex digest={canister.contour} />],
        ["points", count(canister.points)],
        ["mode", canister.mode],
        ["sensor", canister.sensor],
        ["rooted in", roots[canister.root]],
        ["measurement", <Hex digest={canister.measurement} />],
        ["started", <Ago at={canister.started} />],
        ["tenant", <Said text={canister.tenant} most={64} />],
      ]}
    />
  );
}

/** The stages of the node below, each in one mark. */
function NodeInShort({ node }: { readonly node: Node }): JSX.Element {
  const earlier = isEarlier(node);
  return (
    <ol
      class={earlier ? "chain-short earlier" : "chain-short"}
      aria-label={`Stages of the node below${earlier ? AS_OF_LAST : ""}`}
    >
      {earlier && <li>the node{AS_OF_LAST}:</li>}
      {nodeStages(node.links).map(({ title, steps }) => {
        const worst = worstOf(steps);
        return (
          <li class={worst}>
            <OutcomeMark outcome={worst} /> {title} <span class="word">{outcomeWord(worst)}</span>
          </li>
        );
      })}
      <li>
        <a href={toNode(node.name)}>each check of the node</a>
      </li>
    </ol>
  );
}

/** The text says of each act as which of several users it is done. */
const usersSaid = (users: readonly string[]): string =>
  users.length === 1 ? `as ${users[0]}` : `as ${counted(users.length, "user")}; the text names them`;

function ContourPart({ canister }: { readonly canister: CanisterInFull }): JSX.Element {
  const { contour, departures } = canister;
  const view = useSignal<"map" | "text">("map");
  const asked = useAnswer(contour ?? "", (ending) =>
    contour === undefined
      ? Promise.reject(new Fault("missing", "The verifier knows no contour of this canister."))
      : read<ContourMap>(pathOf("contours", contour), {}, ending),
  );
  const departing = new Map<string, number>();
  for (const { program } of departures)
    if (program !== undefined) departing.set(program, (departing.get(program) ?? 0) + 1);
  return (
    <Await asked={asked} what="the contour">
      {(value) => (
        <>
          <div class="toolbar">
            <p>
              <Said text={value.name} most={120} />: {counted(value.points, "point")} of{" "}
              {counted(value.programs.length, "program")}, {usersSaid(value.users)}
            </p>
            <div class="switch" role="group" aria-label="Show as">
              {(["map", "text"] as const).map((one) => (
                <button type="button" aria-pressed={view.value === one} onClick={() => void (view.value = one)}>
                  {one}
                </button>
              ))}
            </div>
          </div>
          {view.value === "map" ? (
            <ContourDrawing contour={value} departing={departing} />
          ) : (
            <ContourText contour={value} />
          )}
        </>
      )}
    </Await>
  );
}
