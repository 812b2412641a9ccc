/** What a supervisor says of one canister. */
import { bytes, count, list, map, type Of, optional, read, text, word, write, yes } from "../cbor/index.ts";

const DIGEST = bytes(32);
const MOST_BYTES = 2 ** 16;

/** The Name of a register: two bytes of algorithm, then the digest of its public area. */
export const registerName = bytes(34);

export const canisterBody = map({
  type: word("isoline canister 1"),
  label: text(256),
  /** Digest of the image's manifest or configuration, `sha256:HEX`; none for a command. */
  image: optional(text(128)),
  /** SHA-256 of the contour file in force. */
  contour: optional(DIGEST),
  /** The signature of the contour (DSSE), as it lies beside it. */
  signature: optional(bytes(1, 2 ** 14)),
  profile: text(32),
  mode: word("learning", "watching", "enforcing"),
  sealed: yes,
  sensor: word("seccomp", "bpf"),
  /** What the sensor vouches for, in its own words. */
  guarantee: text(512),
  /** Over the points in force, ascending, without aggregate and base: equal wherever the behaviour is. */
  state: DIGEST,
  /** Over the points in the order in which they were added, without aggregate and base; `points` is its sequence number. */
  measurement: DIGEST,
  points: count,
  /** The same points as `state`, from the node's aggregate, with the challenge as base. */
  bound: optional(map({ aggregate: DIGEST, state: DIGEST })),
  counters: map({ events: count, departures: count, refused: count, lost: count, untrusted: count }),
  /** Why the run is incomplete, in words; empty where all was observed. */
  incomplete: list(text(512), 64),
  /** The register that the canister's records are extended into, and the number of the record of its birth in the ledger. */
  register: optional(map({ name: registerName, birth: count })),
  /** Milliseconds since 1970 by the node's own clock. */
  started: count,
  ended: optional(count),
});

export type CanisterBody = Of<typeof canisterBody>;

export const writeCanisterBody = (body: CanisterBody): Uint8Array => write(canisterBody, body, "canister body");

/** Refuses anything but the one encoding of a canister body, with `bad-evidence-format`. */
export const readCanisterBody = (given: Uint8Array): CanisterBody =>
  read(canisterBody, given, MOST_BYTES, "canister body");
