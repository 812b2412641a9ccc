/** From rows to the documents of the API. */
import { begunIn } from "@isoline/attest/appraise";
import type { Fleet } from "../fleet/index.ts";
import type {
  CanisterRow,
  ChangeRow,
  Counts,
  DepartedProcesses,
  DepartureRow,
  NodeRow,
  ReportRow,
  State,
} from "../store/index.ts";
import type { Canister, CanisterInFull, Departure, Link, Node } from "./model.ts";

type FailureClass = NonNullable<Node["failure"]>;

/** When its last evidence came. */
export const seenOf = (row: NodeRow, fleet: Fleet): Date | null => fleet.ownership.present(row.name)?.seen ?? row.seen;

export function nodeDocument(row: NodeRow, counts: Counts, fleet: Fleet): Node {
  // The owner knows more than what is written; for a node that another verifier owns, what is written counts.
  const owned = fleet.ownership.present(row.name);
  const seen = seenOf(row, fleet);
  return {
    name: row.name,
    id: row.id,
    tenant: row.tenant,
    labels: row.labels,
    ...verdictIn(row),
    ...(seen !== null && {
      lastSeen: seen.toISOString(),
      due: new Date(seen.getTime() + (owned?.due ?? fleet.pace.presumed) * 1000).toISOString(),
    }),
    enrolled: row.enrolled.toISOString(),
    root: row.root,
    ...(row.machine !== null && { machine: row.machine }),
    ...(row.sensors !== null && { sensors: row.sensors as NonNullable<Node["sensors"]> }),
    ...(row.kernel !== null && { kernel: row.kernel }),
    ...(row.build !== null && { build: row.build }),
    canisters: {
      affirming: counts.affirming ?? 0,
      contraindicated: counts.contraindicated ?? 0,
      unverifiable: counts.unverifiable ?? 0,
      stale: counts.stale ?? 0,
    },
    links: row.links as readonly Link[] as Link[],
  };
}

export async function canisterDocument(row: CanisterRow, fleet: Fleet): Promise<Canister> {
  const contourName = row.contour === null ? undefined : await fleet.rules.nameOf(row.contour);
  const begun = begunIn(row.label);
  return {
    node: row.node,
    label: row.label,
    ...(begun !== undefined && { begun }),
    tenant: row.tenant,
    ...(row.image !== null && { image: row.image }),
    ...(row.contour !== null && { contour: row.contour }),
    ...(contourName !== undefined && { contourName }),
    mode: row.mode as Canister["mode"],
    sensor: row.sensor as Canister["sensor"],
    root: row.root,
    ...verdictIn(row),
    started: row.started.toISOString(),
    points: row.points,
    measurement: row.measurement,
    counters: row.counters,
    links: row.links as readonly Link[] as Link[],
  };
}

export function departureDocument({ at, line, why, nearest, program, refused, times, point }: DepartureRow): Departure {
  return {
    at: at.toISOString(),
    line,
    ...(why !== null && { why }),
    ...(nearest !== null && { nearest }),
    ...(program !== null && { program }),
    refused,
    times,
    ...(point !== null && { point }),
  };
}

export const processesDocument = ({ total, items }: DepartedProcesses): NonNullable<CanisterInFull["processes"]> => ({
  total,
  items: [...items],
});

export function historyDocument({ at, after, failure, why, counters }: ChangeRow) {
  return {
    at: at.toISOString(),
    // Nodes are gone, and their canisters with them; of a canister no change says so.
    state: after as State,
    ...(failure !== null && { failure: failure as FailureClass }),
    ...(why !== null && { why }),
    ...(counters !== null && { counters }),
  };
}

/** Where the node's own evidence was refused or did not come, nothing newer is known of its canisters than what is kept. */
export function reportsDocument(
  rows: readonly ReportRow[],
  state: State,
  seen: Date | null,
): CanisterInFull["reports"] {
  return {
    items: rows.map(({ at, counters }) => ({ at: at.toISOString(), counters })),
    ...(state === "affirming" && seen !== null && { until: seen.toISOString() }),
  };
}

/** Every state, also those in which there is none. */
export function countsDocument(counts: Counts): Required<Counts> {
  const none = { affirming: 0, contraindicated: 0, unverifiable: 0, stale: 0, revoked: 0, unknown: 0 };
  return { ...none, ...counts };
}

function verdictIn({ state, failure, why, since }: Pick<NodeRow, "state" | "failure" | "why" | "since">) {
  return {
    state,
    ...(failure !== null && { failure: failure as FailureClass }),
    ...(why !== null && { why }),
    since: since.toISOString(),
  };
}
