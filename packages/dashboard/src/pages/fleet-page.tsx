/** The fleet at a glance: how many are in which state, each node as a mark, and what changed last. */
import type { NodeInList } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { totalOf } from "../fleet/counting.ts";
import { countFault } from "../fleet/counts.ts";
import { type Filtered, parseFilter, passes, toggled } from "../fleet/filter.ts";
import {
  canisterCounts,
  capped,
  filterBy,
  loadFault,
  loading,
  nodeCounts,
  nodeFault,
  nodes,
  partial,
  reload,
} from "../fleet/fleet.ts";
import { meanings, severity, stateOf, states } from "../model/states.ts";
import { FleetCanvas } from "../parts/fleet-canvas.tsx";
import { FilterLine } from "../parts/filter-line.tsx";
import { StateMark, Verdict } from "../parts/marks.tsx";
import { Alarm, Hint } from "../parts/notices.tsx";
import { Rows } from "../parts/rows.tsx";
import { Ago, Said } from "../parts/said.tsx";
import { place, set, toNode } from "../place/route.ts";
import { count, counted } from "../text/amounts.ts";
import { visibleText } from "../text/visible.ts";
import { LatestChanges } from "./changes-page.tsx";

const orders = { name: "name", worst: "worst first", latest: "latest change first" } as const;

export function FleetPage(): JSX.Element {
  /** By its name: what is said of it is of now, and not of when it was looked at. */
  const looked = useSignal<string | undefined>(undefined);
  const { settings } = place.value;
  const line = settings.get("filter") ?? "";
  const order = settings.get("order") ?? "name";
  const group = settings.get("group") ?? "";
  const view = settings.get("view") ?? "map";
  const all = nodes.value;
  const isOld = partial.value || loadFault.value !== undefined || nodeFault.value !== undefined;
  useEffect(() => filterBy(line), [line]);
  const sorted = useMemo(() => ordered(all, order), [all, order]);
  const shown = useMemo(() => filtered(sorted, line), [sorted, line]);
  const groups = useMemo(() => grouped(shown, group), [shown, group]);
  const keys = useMemo(() => labelKeys(all), [all]);
  return (
    <>
      <h1 tabIndex={-1}>Fleet</h1>
      {loadFault.value !== undefined && (
        <Alarm retry={() => void reload()}>
          The fleet could not be read, and is asked for again: <Said text={loadFault.value} />
          {all.length > 0 && !partial.value && " What is shown below is older."}
        </Alarm>
      )}
      {nodeFault.value !== undefined && (
        <Alarm>
          Nodes that changed could not be read, and may be shown as they were or not at all; they are asked for again.{" "}
          <Said text={nodeFault.value} />
        </Alarm>
      )}
      {countFault.value !== undefined && (
        <Alarm>
          The numbers could not be read anew, and may be old; they are asked for again. <Said text={countFault.value} />
        </Alarm>
      )}
      <StateTiles line={line} />
      <div class="toolbar">
        <FilterLine shown={shown.length} all={all.length} what="node" />
        <label>
          Group{" "}
          <select value={group} onChange={({ currentTarget }) => set("group", currentTarget.value)}>
            <option value="">none</option>
            <option value="state">state</option>
            <option value="tenant">tenant</option>
            {keys.map((key) => (
              <option value={`label ${key}`}>{visibleText(key, 60)}</option>
            ))}
          </select>
        </label>
        <label>
          Order{" "}
          <select value={order} onChange={({ currentTarget }) => set("order", currentTarget.value)}>
            {Object.entries(orders).map(([value, words]) => (
              <option value={value}>{words}</option>
            ))}
          </select>
        </label>
        <div class="switch" role="group" aria-label="Show as">
          {["map", "list"].map((one) => (
            <button type="button" aria-pressed={view === one} onClick={() => set("view", one === "map" ? "" : one)}>
              {one}
            </button>
          ))}
        </div>
      </div>
      {partial.value && (
        <Hint>
          Only a part of the fleet is here so far: {count(all.length)} of {counted(totalOf(nodeCounts.value), "node")}.
        </Hint>
      )}
      {capped.value && (
        <Hint>
          The page keeps {count(all.length)} of {counted(totalOf(nodeCounts.value), "node")}. The numbers above count
          all, whatever the filter; a filter by state, tenant or label asks the verifier again.
        </Hint>
      )}
      <div class="beside">
        <section class={isOld ? "main-part old" : "main-part"} aria-label="Nodes">
          {loading.value && all.length === 0 && <p class="waiting">Loading the fleet …</p>}
          {!loading.value && all.length === 0 && loadFault.value === undefined && (
            <Hint>No node is enrolled yet. A token for the first one: isoline fleet token.</Hint>
          )}
          {all.length > 0 && shown.length === 0 && !partial.value && (
            <Hint>No node passes this filter. Empty it to see all: Escape in its line does.</Hint>
          )}
          {shown.length > 0 && view === "map" && (
            <>
              <FleetCanvas
                groups={groups}
                label={`${counted(shown.length, "node")}; arrow keys move, Enter opens`}
                onLook={(node) => void (looked.value = node?.name)}
              />
              <Looked node={all.find(({ name }) => name === looked.value)} />
            </>
          )}
          {shown.length > 0 && view !== "map" && <NodeRows nodes={shown} />}
        </section>
        <aside aria-label="Latest changes">
          <LatestChanges most={12} />
        </aside>
      </div>
    </>
  );
}

/** What is right, and then the worst first. */
const tiles = ["affirming", ...states.filter((state) => state !== "affirming")] as const;

/** How many nodes and canisters are in each state. A tile filters by its state. */
function StateTiles({ line }: { readonly line: string }): JSX.Element {
  const total = totalOf(nodeCounts.value);
  return (
    <ul class="tiles" aria-label="Nodes by state">
      {tiles.map((state) => {
        const amount = nodeCounts.value[state] ?? 0;
        const term = `state=${state}`;
        const isOn = line.split(/\s+/).includes(term);
        return (
          <li>
            <button
              type="button"
              class={`tile ${state}${amount === 0 ? " none" : ""}`}
              aria-pressed={isOn}
              title={`${state}: ${meanings[state]}`}
              onClick={() => set("filter", toggled(line, term))}
            >
              <span class="of">
                <StateMark state={state} size={18} /> {state}
              </span>
              <span class="amount">{count(amount)}</span>
              <span class="canisters">{counted(canisterCounts.value[state] ?? 0, "canister")}</span>
              <meter min={0} max={Math.max(1, total)} value={amount} aria-hidden="true" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The node under the cursor. Its place is kept when there is none, so that nothing jumps. */
function Looked({ node }: { readonly node: NodeInList | undefined }): JSX.Element {
  if (node === undefined)
    return (
      <div class="looked">
        <span class="faint">
          Point at a mark, or move with the arrow keys. A red corner is a canister that is contraindicated.
        </span>
      </div>
    );
  return (
    <div class="looked">
      <a href={toNode(node.name)}>
        <Said text={node.name} most={80} />
      </a>
      <Verdict state={node.state} failure={node.failure} />
      <span class="faint">
        since <Ago at={node.since} /> · tenant <Said text={node.tenant} most={64} /> · <Canisters of={node} />
      </span>
      {node.why !== undefined && (
        <p>
          <Said text={node.why} most={400} />
        </p>
      )}
    </div>
  );
}

function Canisters({ of: { canisters } }: { readonly of: NodeInList }): JSX.Element {
  const sum = Object.values(canisters).reduce((all, one) => all + one, 0);
  const others = states.filter((state) => state !== "affirming" && (canisters[state as "stale"] ?? 0) > 0);
  return (
    <span class="amounts">
      {counted(sum, "canister")}
      {others.map((state) => (
        <span class={state} title={state}>
          {" "}
          <StateMark state={state} size={12} /> {canisters[state as "stale"]}
        </span>
      ))}
    </span>
  );
}

function NodeRows({ nodes: all }: { readonly nodes: readonly NodeInList[] }): JSX.Element {
  return (
    <Rows
      kind="nodes"
      label="Nodes"
      items={all}
      keyOf={({ name }) => name}
      linkOf={({ name }) => toNode(name)}
      columns={[
        { title: "Node", name: "name", cell: ({ name }) => <Said text={name} most={80} /> },
        { title: "Verdict", name: "state", cell: ({ state, failure }) => <Verdict state={state} failure={failure} /> },
        { title: "Since", name: "since", cell: ({ since }) => <Ago at={since} /> },
        { title: "Canisters", name: "canisters", cell: (node) => <Canisters of={node} /> },
        { title: "Tenant", name: "tenant", cell: ({ tenant }) => <Said text={tenant} most={64} /> },
        { title: "Why", name: "why", cell: ({ why }) => <Said text={why} most={300} /> },
      ]}
    />
  );
}

const filteredNode = ({ name, state, tenant, root, failure, labels }: NodeInList): Filtered => ({
  name,
  fields: { name, state: stateOf(state), tenant, root, failure },
  labels,
});

function filtered(all: readonly NodeInList[], line: string): readonly NodeInList[] {
  const filter = parseFilter(line);
  return filter.length === 0 ? all : all.filter((node) => passes(filter, filteredNode(node)));
}

const byName = (a: NodeInList, b: NodeInList) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

function ordered(all: readonly NodeInList[], order: string): readonly NodeInList[] {
  if (order === "worst")
    return all.toSorted(
      (a, b) =>
        severity(stateOf(b.state)) - severity(stateOf(a.state)) ||
        b.canisters.contraindicated - a.canisters.contraindicated ||
        byName(a, b),
    );
  if (order === "latest")
    return all.toSorted((a, b) => (a.since < b.since ? 1 : a.since > b.since ? -1 : byName(a, b)));
  return all.toSorted(byName);
}

const MOST_GROUPS = 60;

function grouped(all: readonly NodeInList[], by: string) {
  if (by === "") return [{ nodes: all }];
  const key = by.startsWith("label ") ? by.slice(6) : undefined;
  const titleOf = (node: NodeInList) => {
    if (key !== undefined) return Object.hasOwn(node.labels, key) ? (node.labels[key] ?? "") : `without ${key}`;
    return by === "tenant" ? node.tenant : stateOf(node.state);
  };
  const groups = Map.groupBy(all, titleOf);
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  const rest = sorted.slice(MOST_GROUPS - 1).flatMap(([, nodesOf]) => nodesOf);
  const isMany = sorted.length > MOST_GROUPS;
  const shown = (isMany ? sorted.slice(0, MOST_GROUPS - 1) : sorted).map(([title, nodesOf]) => ({
    title: visibleText(title, 80),
    nodes: nodesOf,
  }));
  return isMany ? [...shown, { title: `${sorted.length - MOST_GROUPS + 1} further groups`, nodes: rest }] : shown;
}

/** The keys of labels that most nodes have, to group by. */
function labelKeys(all: readonly NodeInList[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { labels } of all) for (const key of Object.keys(labels)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([key]) => key);
}
