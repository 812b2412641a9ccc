/** What a verifier tells of a fleet: docs/fleet.md. Texts that come from nodes are theirs, and are shown escaped. */
import {
  beginningOf,
  both,
  count,
  formed,
  list,
  optional,
  type ReadAs,
  record,
  table,
  text,
  truth,
  word,
} from "./answer.ts";

/** Verdicts of a node or a canister. */
export const states = ["affirming", "contraindicated", "unverifiable", "stale", "revoked", "unknown"] as const;
export type State = (typeof states)[number];
/** What a change may lead to: a node that is gone was collected or retired, with all of its canisters. */
export type ChangedTo = State | "gone";

const MOST_WHY = 4096;
/** No evidence has more. */
export const MOST_CANISTERS = 4096;
const state = word(...states);
const time = formed(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "a time in UTC");
export const digest = formed(/^[0-9a-f]{64}$/, "a digest in hexadecimal");
export const nodeName = formed(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, "the name of a node");
const labelName = formed(/^[A-Za-z0-9][A-Za-z0-9_./-]{0,62}$/, "the name of a label");
/** One that is too long does not make the rest of an answer unreadable. */
const why = optional(beginningOf(MOST_WHY));
const failure = optional(text(64));
const counts = record(formed(/^[a-z]{1,32}$/, "a state"), count, 16);

const link = table({ name: text(64), state: word("passed", "warned", "failed"), failure, why });

export const node = table({
  name: nodeName,
  id: text(128),
  tenant: text(128),
  labels: record(labelName, text(256), 64),
  state,
  failure,
  why,
  since: time,
  lastSeen: optional(time),
  due: optional(time),
  enrolled: time,
  root: word("none", "tpm", "tee", "tpm+tee"),
  machine: optional(text(512)),
  sensors: optional(list(text(64), 16)),
  kernel: optional(text(512)),
  build: optional(text(512)),
  canisters: counts,
  links: optional(list(link, 64)),
});
export type Node = ReadAs<typeof node>;

export const canister = table({
  node: nodeName,
  label: text(256),
  begun: optional(table({ user: count, name: text(64) })),
  tenant: text(128),
  image: optional(text(512)),
  contour: optional(digest),
  contourName: optional(text(256)),
  mode: text(32),
  sensor: text(32),
  root: word("tpm", "tee", "node"),
  state,
  failure,
  why,
  since: time,
  started: time,
  points: count,
  measurement: digest,
  counters: table({ events: count, departures: count, refused: count, lost: count, untrusted: count }),
  links: optional(list(link, 64)),
});
export type Canister = ReadAs<typeof canister>;

/** In the node's own words: nothing of it is proven but that the node said it. */
const departure = table({
  at: time,
  line: text(MOST_WHY),
  why,
  nearest: optional(text(MOST_WHY)),
  program: optional(text(MOST_WHY)),
  refused: truth,
  times: count,
  point: optional(digest),
});

/** A record of the node's ledger, for which its TPM vouches: the first departure of a process. */
const departedProcess = table({ process: count, pid: count, at: time, point: optional(digest) });

const earlier = table({ at: time, state, failure, why });

export const canisterWhole = both(
  canister,
  table({
    departures: optional(list(departure, 1000)),
    processes: optional(table({ total: count, items: list(departedProcess, 1000) })),
    history: optional(list(earlier, 1000)),
  }),
);
export type CanisterWhole = ReadAs<typeof canisterWhole>;

const MOST_ITEMS = 10_000;
const next = optional(text(4096));
export const nodePage = table({ items: list(node, MOST_ITEMS), next, counts: optional(counts) });
export const canisterPage = table({ items: list(canister, MOST_ITEMS), next, counts: optional(counts) });

export const change = table({
  at: time,
  node: nodeName,
  label: optional(text(256)),
  from: optional(state),
  to: word<ChangedTo>(...states, "gone"),
  failure,
  why,
});
export type Change = ReadAs<typeof change>;

const published = table({
  name: text(128),
  version: optional(count),
  digest: optional(digest),
  since: optional(time),
});
export const publishedPage = table({ items: list(published, MOST_ITEMS) });
export type Published = ReadAs<typeof published>;

const foretold = table({ node: nodeName, label: optional(text(256)), from: state, to: state, why });
export const dryRun = table({
  changes: list(foretold, 100_000),
  unlisted: optional(count),
  red: count,
  green: count,
  other: optional(count),
  same: count,
});
export type DryRun = ReadAs<typeof dryRun>;

const audited = table({
  at: time,
  who: text(256),
  act: text(256),
  object: optional(text(1024)),
  detail: optional((value, at) => beginningOf(4096)(typeof value === "string" ? value : JSON.stringify(value), at)),
});
export const auditPage = table({ items: list(audited, MOST_ITEMS), next });
export type Audited = ReadAs<typeof audited>;

export const issuedToken = table({ token: formed(/^[\x21-\x7e]{8,1024}$/, "a token") });

/** What a node is told about evidence. */
export const attested = table({
  state,
  failure,
  why,
  challenge: optional(digest),
  due: count,
  canisters: optional(list(table({ label: text(256), state, failure, why }), MOST_ITEMS)),
  need: optional(list(formed(/^contour:[0-9a-f]{64}$/, "a contour's digest"), MOST_CANISTERS)),
  kept: optional(list(digest, 8)),
});
export type AttestedAnswer = ReadAs<typeof attested>;

/** 32 bytes in hexadecimal, and the seconds until the next evidence is due. */
export const challenged = table({ challenge: digest, due: count });

/** An X.509-SVID in PEM, and the roots that it leads to. */
export const svidAnswer = table({
  id: formed(/^spiffe:\/\/[A-Za-z0-9._/-]{1,2039}$/, "a SPIFFE id"),
  certificate: text(16 * 1024),
  bundle: formed(
    /^(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\n]{1,16384}-----END CERTIFICATE-----\n){1,8}$/,
    "roots in PEM",
  ),
  until: time,
});
export type SvidAnswer = ReadAs<typeof svidAnswer>;

export const enrolment = table({
  enrolment: formed(/^[A-Za-z0-9_-]{1,128}$/, "an enrolment"),
  challenge: text(64 * 1024),
});
export const enrolled = table({
  node: digest,
  name: nodeName,
  nodeToken: formed(/^[\x21-\x7e]{8,4096}$/, "a token"),
  challenge: optional(digest),
  due: count,
});
