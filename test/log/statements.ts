/** Statements of a fleet for tests, one of each kind. */
import { type Said, type SaidOf, type Statement, writeStatement } from "../../packages/log/src/statement/index.ts";

export const SOURCE = "0123456789abcdef".repeat(2);
export const HOUR = 497_000;
export const START = HOUR * 3_600_000;

/** 64 digits. */
export const hash = (byte: number): string => byte.toString(16).padStart(2, "0").repeat(32);
export const image = (byte: number): string => `sha256:${hash(byte)}`;
const register = (byte: number): string => `000b${hash(byte)}`;

export const contour = (
  digest: number,
  state: number,
  more: { name?: string | undefined; image?: readonly string[] } = {},
) =>
  ({
    kind: "publish-contour",
    name: "web",
    digest: hash(digest),
    state: hash(state),
    image: [],
    signer: [],
    ...more,
  }) as const;
export const policy = (digest: number, version = 1) =>
  ({ kind: "publish-policy", name: "default", digest: hash(digest), version, signer: [] }) as const;
export const birth = (record: number, name: number, { node = 1, boot = 1 } = {}) =>
  ({ kind: "birth", node: hash(node), boot, record, register: register(name) }) as const;
export const head = (bytes: number, digest: number, boot = 1) =>
  ({ kind: "head", node: hash(1), boot, bytes, digest: hash(digest) }) as const;
type State = SaidOf<"change">["to"];
export const change = (under: string | undefined, to: State = "affirming", from: State = "unknown") =>
  ({ kind: "change", node: hash(1), label: undefined, from, to, class: undefined, policy: under }) as const;
export const changes = (under: string | undefined, affirming: number) =>
  ({ kind: "changes", node: hash(1), count: 900, affirming, policy: under }) as const;
export const epoch = (number: number) => ({ kind: "epoch", epoch: number }) as const;
export const root = (hour: number, digest = 9) => ({ kind: "root", hour, verdicts: 1, root: hash(digest) }) as const;

export const samples: readonly Said[] = [
  contour(1, 2, { image: [image(3), image(4)] }),
  { ...contour(1, 2), name: undefined, signer: [hash(5)] },
  { kind: "withdraw-contour", name: "web", digest: hash(1) },
  policy(6, 3),
  { kind: "withdraw-policy", name: "default", digest: hash(6) },
  { kind: "publish-reference", name: "Referenz ü 参", digest: hash(7), signer: [hash(5), hash(8)] },
  { kind: "withdraw-reference", name: "all", digest: hash(7) },
  { kind: "enrolment", node: hash(1), which: "anew" },
  { kind: "withdraw-enrolment", node: hash(1), which: "collected" },
  birth(4, 2),
  head(2000, 3),
  { ...change(hash(6)), label: hash(4), from: "affirming", to: "contraindicated", class: "off-contour" },
  change(undefined, "stale", "affirming"),
  changes(hash(6), 20),
  changes(undefined, 0),
  epoch(3),
  root(HOUR),
];

/** Statements of one source, numbered from 1, all of one time unless it is said. */
export const stated = (said: readonly (Said & { readonly at?: number })[]): Statement[] =>
  said.map((one, place) => ({ source: SOURCE, number: place + 1, at: START, ...one }) as Statement);

export const entriesOf = (said: readonly (Said & { readonly at?: number })[]): Uint8Array[] =>
  stated(said).map(writeStatement);
