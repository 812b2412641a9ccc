/** What a node says of itself. Signed by its quote; true only as far as the boot that the quote proves. */
import { bytes, count, list, map, type Of, optional, read, text, word, write, yes } from "../cbor/index.ts";
import { digestOf } from "./digest.ts";

const DIGEST = bytes(32);
const MOST_BYTES = 2 ** 18;

/** What the hardware measured at boot, in one digest each. */
const aggregate = map({
  /** SHA-256 of registers 0 to 7 of the SHA-256 bank, one after the other: the aggregate of bound states. */
  registers: DIGEST,
  /** The kernel's boot_aggregate (registers 0 to 9), as the IMA list has it. */
  kernel: optional(DIGEST),
});

export const nodeBody = map({
  type: word("isoline node 1"),
  /** The name that the verifier enrolled it by. */
  node: text(128),
  /** Milliseconds since 1970 by the node's own clock. */
  made: count,
  /** isoline: its version, and the digest of its code where it is known. */
  build: map({ version: text(64), digest: optional(DIGEST) }),
  /** What is loaded into the kernel to observe: one entry for each program, by its name in the object file. */
  sensors: list(
    map({ sensor: word("seccomp", "bpf"), programs: list(map({ name: text(64), digest: DIGEST }), 256) }),
    8,
  ),
  kernel: map({ release: text(128), version: text(256), machine: text(32) }),
  /** Mitigations in force: name and setting. */
  mitigations: list(map({ name: text(64), setting: text(256) }), 64),
  aggregate: optional(aggregate),
  /** The register into which the births of canisters' registers are extended; none without a TPM. */
  births: optional(map({ register: count, began: DIGEST })),
  /** How many canisters stand under the quote. */
  canisters: count,
  /** Whether the supervisor was asked for each of them and answered. */
  complete: yes,
  /** What could not be observed or collected, in words. */
  losses: list(text(512), 64),
});

export type NodeBody = Of<typeof nodeBody>;

export const writeNodeBody = (body: NodeBody): Uint8Array => write(nodeBody, body, "node body");

/** Refuses anything but the one encoding of a node body, with `bad-evidence-format`. */
export const readNodeBody = (given: Uint8Array): NodeBody => read(nodeBody, given, MOST_BYTES, "node body");

/** SHA-256( "isoline node body 1" ‖ body ). */
export const nodeDigest = (body: Uint8Array): Uint8Array => digestOf("node", body);
