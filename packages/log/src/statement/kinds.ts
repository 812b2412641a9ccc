/** What a fleet states, by kind: the fields of each in the order of their lines. docs/spec/log-entries.md says what they mean. */
import { count, type Field, hex, image, maybe, name, one, some, word } from "./field.ts";

/** No contour is published for more images in one statement, so that it fits into an entry. */
export const MOST_IMAGES = 512;
const MOST_SIGNERS = 16;

const digest = one(hex(32));
const node = one(hex(32));

const states = ["affirming", "contraindicated", "unverifiable", "stale", "revoked", "unknown"] as const;
const classes = [
  "broken-evidence",
  "stale",
  "rollback",
  "equivocation",
  "incomplete",
  "untrusted-platform",
  "unknown-contour",
  "off-contour",
  "unreachable",
] as const;

export const kinds = {
  "publish-contour": {
    name: maybe(name),
    digest,
    state: one(hex(32)),
    image: some(image, MOST_IMAGES),
    signer: some(hex(32), MOST_SIGNERS),
  },
  "withdraw-contour": { name: maybe(name), digest },
  "publish-policy": { name: one(name), digest, version: count, signer: some(hex(32), MOST_SIGNERS) },
  "withdraw-policy": { name: one(name), digest },
  "publish-reference": { name: one(name), digest, signer: some(hex(32), MOST_SIGNERS) },
  "withdraw-reference": { name: one(name), digest },
  enrolment: { node, which: one(word("first", "anew")) },
  "withdraw-enrolment": { node, which: one(word("collected", "retired")) },
  birth: { node, boot: count, record: count, register: one(hex(34)) },
  head: { node, boot: count, bytes: count, digest },
  change: {
    node,
    label: maybe(hex(32)),
    from: one(word(...states)),
    to: one(word(...states)),
    class: maybe(word(...classes)),
    policy: maybe(hex(32)),
  },
  changes: { node, count, affirming: count, policy: maybe(hex(32)) },
  epoch: { epoch: count },
  root: { hour: count, verdicts: count, root: one(hex(32)) },
} as const satisfies Readonly<Record<string, NotSaying & Readonly<Record<string, unknown>>>>;

/** Fields of every statement, whose names no kind may have. */
interface NotSaying {
  readonly source?: never;
  readonly number?: never;
  readonly at?: never;
  readonly kind?: never;
}

type Kinds = typeof kinds;
export type Kind = keyof Kinds;

/** What a statement says, without who says it and when. */
export type Said = {
  [K in Kind]: { readonly kind: K } & {
    readonly [F in keyof Kinds[K]]: Kinds[K][F] extends Field<infer T> ? T : never;
  };
}[Kind];

/** What of one kind says. */
export type SaidOf<K extends Kind> = Extract<Said, { readonly kind: K }>;
