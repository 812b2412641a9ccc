/** The form of what a namespace says for evidence. Whatever listens at its socket may have said it, so every member is looked at. */
import { MOST_ATTESTED_SIGNATURE } from "../store/signature/in-use.ts";
import type { Attested } from "./protocol.ts";

type Form = (value: unknown) => boolean;

const DIGEST = /^[0-9a-f]{64}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const REGISTER = /^[0-9a-f]{68}$/;
const MOST_REASONS = 10_000;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;
/** Characters of base64 for three bytes each. */
const MOST_SIGNATURE = 4 * Math.ceil(MOST_ATTESTED_SIGNATURE / 3);

const shorter =
  (most: number): Form =>
  (value) =>
    typeof value === "string" && value.length <= most && !LONE_SURROGATE.test(value);
const text = shorter(4096);
const truth: Form = (value) => typeof value === "boolean";
const count: Form = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const digest: Form = (value) => typeof value === "string" && DIGEST.test(value);
const signature: Form = (value) => shorter(MOST_SIGNATURE)(value) && BASE64.test(value as string);
const time: Form = (value) => text(value) && Date.parse(value as string) >= 0;
const or =
  (form: Form): Form =>
  (value) =>
    value === null || form(value);
/** A member that a supervisor of an earlier isoline may not have: it goes on after an upgrade, and evidence must not lose it. */
const added =
  (form: Form): Form =>
  (value) =>
    value === undefined || form(value);
const word =
  (...words: readonly string[]): Form =>
  (value) =>
    words.includes(value as string);
const table =
  (members: Readonly<Record<string, Form>>): Form =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(members).every(([name, form]) => form((value as Record<string, unknown>)[name]));
const list =
  (form: Form): Form =>
  (value) =>
    Array.isArray(value) && value.length <= MOST_REASONS && value.every(form);

const attested = table({
  name: text,
  command: text,
  image: or(shorter(128)),
  started: time,
  signature: added(or(signature)),
  mode: word("learn", "watch", "enforce"),
  sensor: word("seccomp", "bpf"),
  landlock: truth,
  tracepoints: added(truth),
  profile: shorter(32),
  contour: or(table({ path: text, digest: or(digest) })),
  state: digest,
  measurement: digest,
  points: count,
  bound: or(digest),
  counters: table({ events: count, departures: count, refused: count, lost: count, untrusted: count }),
  incomplete: list(table({ reason: text, count })),
  register: or(table({ name: (value) => typeof value === "string" && REGISTER.test(value), birth: count })),
});

export function isAttested(value: unknown): value is Attested {
  return attested(value);
}
