/** What a policy would change, before it is in force: the file is tried against the fleet of this moment, and nothing is kept. */
import type { DryRun, PolicyInList } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../fleet/ask.ts";
import { Trial } from "../fleet/trial.ts";
import { stateOf } from "../model/states.ts";
import { Verdict } from "../parts/marks.tsx";
import { Alarm, announce, Await } from "../parts/notices.tsx";
import { Rows } from "../parts/rows.tsx";
import { Ago, Facts, Hex, Said } from "../parts/said.tsx";
import { toCanister, toNode } from "../place/route.ts";
import { count, counted } from "../text/amounts.ts";
import { visibleText } from "../text/visible.ts";
import { read } from "../wire/request.ts";

const MOST_BYTES = 4 * 1024 * 1024;

export function PolicyPage(): JSX.Element {
  const policies = useAnswer("policies", (ending) => read<{ items: readonly PolicyInList[] }>("policies", {}, ending), {
    withTime: true,
  });
  return (
    <>
      <h1 tabIndex={-1}>Policy</h1>
      <p class="faint">
        Try a policy file against the present fleet: which nodes and canisters would change, and why. Nothing is kept,
        and nothing takes effect; publishing is isoline fleet policy.
      </p>
      <Await asked={policies} what="the policies">
        {({ items }) => <TrialForm policies={items} />}
      </Await>
    </>
  );
}

function TrialForm({ policies }: { readonly policies: readonly PolicyInList[] }): JSX.Element {
  const name = useSignal(policies[0]?.name ?? "");
  const file = useSignal("");
  const over = useSignal(false);
  const [trial] = useState(() => new Trial());
  useEffect(() => () => trial.forget(), []);
  const current = policies.find((policy) => policy.name === name.value);

  const take = async (given: File | undefined) => {
    over.value = false;
    if (given === undefined) return;
    const text = await trial.take(given, MOST_BYTES);
    if (text !== undefined) file.value = text;
  };
  const run = () =>
    trial.run(name.value, file.value, ({ red, green, other, same }) =>
      announce(
        `${red} would turn red, ${green} would turn green, ${other} would change otherwise, ${same} stay as they are`,
      ),
    );
  const { result, fault, running: isRunning } = trial.tried.value;
  return (
    <>
      <form
        class={`trial${over.value ? " over" : ""}`}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
        onDragOver={(event) => {
          event.preventDefault();
          over.value = true;
        }}
        onDragLeave={() => void (over.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <div class="toolbar">
          <label>
            Name{" "}
            <input
              list="policy-names"
              required
              pattern="[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}"
              title="letters, digits, _ . and -"
              value={name.value}
              onInput={({ currentTarget }) => {
                trial.forget();
                name.value = currentTarget.value;
              }}
            />
            <datalist id="policy-names">
              {policies.map((policy) => (
                <option value={visibleText(policy.name, 80)} />
              ))}
            </datalist>
          </label>
          <label class="file">
            File <input type="file" onChange={({ currentTarget }) => void take(currentTarget.files?.[0])} />
          </label>
          <button type="submit" class="primary" disabled={isRunning || file.value.trim() === ""}>
            {isRunning ? "Trying …" : "Try it"}
          </button>
        </div>
        <label class="area">
          The signed policy file: paste it, or drop it anywhere on this form
          <textarea
            rows={10}
            spellcheck={false}
            value={file.value}
            onInput={({ currentTarget }) => {
              trial.forget();
              file.value = currentTarget.value;
            }}
          />
        </label>
        {current !== undefined && (
          <Facts
            of={[
              ["in force", <Said text={current.name} most={80} />],
              ["version", count(current.version)],
              ["since", <Ago at={current.since} />],
              ["digest", <Hex digest={current.digest} />],
            ]}
          />
        )}
      </form>
      {fault !== undefined && (
        <Alarm>
          <Said text={fault} />
        </Alarm>
      )}
      {result !== undefined && <Result of={result} />}
    </>
  );
}

function Result({ of: { changes, unlisted, red, green, other, same } }: { readonly of: DryRun }): JSX.Element {
  const reasons = [...Map.groupBy(changes, ({ why }) => why)].sort(([, a], [, b]) => b.length - a.length);
  const sorted = changes.toSorted(
    (a, b) => Number(stateOf(a.to) === "affirming") - Number(stateOf(b.to) === "affirming"),
  );
  return (
    <section aria-label="What would change">
      <h2>What would change</h2>
      <ul class="figures">
        <li class={red > 0 ? "figure bad" : "figure"}>
          <b>{red > 0 ? `▲ ${count(red)}` : count(red)}</b> would turn red
        </li>
        <li class="figure good">
          <b>{count(green)}</b> would turn green
        </li>
        {other > 0 && (
          <li class="figure">
            <b>{count(other)}</b> would change otherwise
          </li>
        )}
        <li class="figure">
          <b>{count(same)}</b> stay as they are
        </li>
      </ul>
      {unlisted > 0 && (
        <p>
          {counted(changes.length, "change")} are shown below, with their reasons, and {count(unlisted)} more are not.
        </p>
      )}
      {reasons.length > 0 && (
        <ul class="reasons" aria-label="Reasons">
          {reasons.slice(0, 10).map(([why, all]) => (
            <li>
              <b>{counted(all.length, "change")}</b> <Said text={why} most={400} />
            </li>
          ))}
          {reasons.length > 10 && <li>{counted(reasons.length - 10, "further reason")}</li>}
        </ul>
      )}
      {sorted.length > 0 && (
        <Rows
          kind="trial-changes"
          label="Changes"
          items={sorted}
          keyOf={({ node, label }) => `${node}\n${label ?? ""}`}
          linkOf={({ node, label }) => (label === undefined ? toNode(node) : toCanister(node, label))}
          columns={[
            {
              title: "Canister",
              name: "name",
              cell: ({ label }) => (label === undefined ? "the node" : <Said text={label} most={100} />),
            },
            { title: "Node", name: "canisters", cell: ({ node }) => <Said text={node} most={80} /> },
            { title: "Now", name: "since", cell: ({ from }) => <Verdict state={from} /> },
            { title: "Then", name: "state", cell: ({ to }) => <Verdict state={to} /> },
            { title: "Why", name: "why", cell: ({ why }) => <Said text={why} most={300} /> },
          ]}
        />
      )}
    </section>
  );
}
