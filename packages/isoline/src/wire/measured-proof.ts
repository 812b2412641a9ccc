/**
 * The proof of a measured machine: its TPM signs a session's binding together with the registers that its boot left (kind 3 of
 * docs/spec/wire.md). No key is in a file, so there is none to copy: the proof is of this machine, this boot and this session.
 */
import { createHash, verify } from "node:crypto";
import { assertAttestationKey, type ProvenRegisters, QUOTED_REGISTERS, signedQuote } from "@isoline/attest/appraise";
import { readQuote } from "@isoline/attest/evidence";
import { decode, publicArea, publicKeyOf, signature } from "@isoline/attest/tpm";
import { IsolineError } from "@isoline/core/error";
import { refused } from "./faults.ts";
import { kinds, type Prover, type Verifier } from "./proof.ts";

/** Machines whose engines are believed: who they are, and what they may have booted. */
export interface MeasuredMachines {
  /** Enrolled machines, each with its attestation key (TPMT_PUBLIC, in base64). */
  readonly nodes: readonly { readonly name: string; readonly key: string }[];
  /** Boots, each with its values of the SHA-256 bank in hexadecimal, by the number of the register. */
  readonly boots: readonly { readonly name: string; readonly registers: Readonly<Record<string, string>> }[];
}

/** What a TPM signs for a session: SHA-256 of its binding. */
const qualifyingOf = (binding: Buffer) => createHash("sha256").update(binding).digest();

/** `quote` has the TPM quote registers 0 to 15 over these bytes, and returns the quote in its encoding (docs/spec/evidence.md). */
export function quoteProver(quote: (qualifying: Buffer) => Uint8Array): Prover {
  return { kind: kinds.quote, prove: (binding) => quote(qualifyingOf(binding)) };
}

/** The other end is a machine that was enrolled, and has booted what was measured before. */
export function quoteVerifier(machines: MeasuredMachines): Verifier {
  return {
    verify(kind, proof, binding) {
      if (kind !== kinds.quote)
        throw refused(
          `expected the engine to prove a measured machine (proof ${kinds.quote}), got proof ${kind}; start it with --tpm, or name its key with --engine-key`,
        );
      const { node, registers } = asRefusal(() => proven(machines.nodes, proof, qualifyingOf(binding)));
      return `${node}, booted as ${bootOf(machines.boots, registers)}`;
    },
  };
}

function proven(nodes: MeasuredMachines["nodes"], proof: Buffer, challenge: Buffer) {
  const quote = readQuote(Uint8Array.from(proof));
  const key = Buffer.from(quote.key).toString("base64");
  const node = nodes.find((each) => each.key === key);
  if (node === undefined) throw refused("expected the engine on a machine that is enrolled, got one that is not");
  const area = decode(publicArea, quote.key);
  assertAttestationKey(area);
  const told = decode(signature, quote.signature);
  // The attestation key that isoline makes is of this kind (docs/spec/tpm.md), and no other is enrolled.
  if (told.is !== "ecdsa" || told.value.hash !== "sha256" || area.is !== "ecc")
    throw refused("expected a quote that is signed with ECDSA and SHA-256, got another signature");
  const raw = Buffer.concat([fixed(told.value.r), fixed(told.value.s)]);
  if (!verify("sha256", quote.message, { key: publicKeyOf(area), dsaEncoding: "ieee-p1363" }, raw))
    throw refused("the quote is not signed by the attestation key that was enrolled");
  const quotedOf = quote.registers.map(({ number }) => number).join();
  if (quotedOf !== QUOTED_REGISTERS.join())
    throw refused(`expected values of registers ${QUOTED_REGISTERS.join()}, got those of ${quotedOf || "none"}`);
  const { registers } = signedQuote(
    { key: area, challenge, hash: "sha256", registers: QUOTED_REGISTERS },
    { message: quote.message, signature: told, values: quote.registers.map(({ value }) => value) },
  );
  return { node: node.name, registers };
}

/** The name of the boot that left these registers. */
function bootOf(boots: MeasuredMachines["boots"], registers: ProvenRegisters["registers"]): string {
  const hex = (register: string) => Buffer.from(registers.get(Number(register)) ?? []).toString("hex");
  const differing = boots
    .filter(({ registers: values }) => Object.keys(values).length > 0)
    .map(({ name, registers: values }) => {
      const other = Object.entries(values).find(([register, value]) => hex(register) !== value);
      return { name, other };
    });
  const same = differing.find(({ other }) => other === undefined);
  if (same !== undefined) return same.name;
  const [nearest] = differing;
  if (nearest?.other === undefined) throw refused("expected a boot of the engine's machine that is trusted, got none");
  const [register, value] = nearest.other;
  throw refused(
    `expected the engine's machine to have register ${register} at ${value.slice(0, 16)}…, as ${nearest.name} leaves it, ` +
      `got ${hex(register).slice(0, 16) || "none"}…: it booted something else`,
  );
}

/** A number of 32 bytes: a TPM may leave leading zeros out. */
function fixed(number: Uint8Array): Buffer {
  const stripped = Buffer.from(number).subarray(Buffer.from(number).findIndex((byte) => byte !== 0));
  if (stripped.length > 32) throw refused(`expected a number of 32 bytes in a signature, got ${stripped.length}`);
  return Buffer.concat([Buffer.alloc(32 - stripped.length), stripped]);
}

/** What is wrong with the other end's bytes ends the wire, whichever decoder found it. */
function asRefusal<T>(work: () => T): T {
  try {
    return work();
  } catch (fault) {
    if (fault instanceof IsolineError && fault.code !== ("engine-refused" as string))
      throw refused(`the engine's proof: ${fault.message}`, fault);
    throw fault;
  }
}
