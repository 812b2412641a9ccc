/** The checks of a node: who it is, what its TPM vouches for, how it booted, and what runs on it. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { replayImaList } from "../boot/index.ts";
import { equal } from "../cbor/index.ts";
import { type Evidence, type EvidenceReading, type NodeBody, qualifyingData } from "../evidence/index.ts";
import { encode } from "../tpm/codec.ts";
import { hashOf } from "../tpm/hash.ts";
import { infoOfKey, machineName } from "../tee/index.ts";
import { publicArea, type PublicArea } from "../tpm/structures.ts";
import { broken, Findings, incomplete, short, untrustedPlatform } from "./findings.ts";
import { assertBoot } from "./booted.ts";
import { appraiseLedger, type LedgerFacts } from "./ledger.ts";
import { appraiseMachine, assertSigned, type MachineProof, type MachineStatement } from "./machine.ts";
import { matches, type Policy } from "./policy.ts";
import { nothingProven, type ProvenFacts } from "./proven.ts";
import type { Question } from "./question.ts";
import { appraiseQuote, assertAttestationKey, assertForward, type ProvenRegisters } from "./quote.ts";
import { answerIn, assertLedTo, BOOT_REGISTERS } from "./quoted-boot.ts";
import type { References } from "./references.ts";
import { assertNotSetBack } from "./restart.ts";

/** What is sure of a node. */
export interface NodeFacts {
  readonly body: NodeBody;
  /** Undefined where the policy accepts a node without a TPM, and it has none. */
  readonly proven: (ProvenRegisters & { readonly key: PublicArea; readonly qualifying: Uint8Array }) | undefined;
  readonly ledger: LedgerFacts | undefined;
  /** The confidential machine that vouches for it; undefined where the policy asks for none. */
  readonly machine: MachineProof | undefined;
  /** SHA-256 over registers 0 to 7; zeros for a confidential machine without a TPM. */
  readonly aggregate: Uint8Array | undefined;
}

const KERNEL_REGISTERS = [...BOOT_REGISTERS, 8, 9] as const;
const IMA_REGISTER = 10;
const NOTHING = new Uint8Array();
/** As the report of a machine without a TPM has it. */
const NO_AGGREGATE = new Uint8Array(32);

/** Makes the checks in order, and ends with the first that leaves nothing to build on. */
export async function appraiseNode(
  reading: EvidenceReading,
  question: Question,
  policy: Policy,
  references: References,
  findings: Findings,
): Promise<NodeFacts | undefined> {
  const { evidence } = reading;
  const facts = question.proven ?? nothingProven;
  const known = await findings.make("chain", () => assertEnrolled(reading, question, policy));
  if (known === undefined) return undefined;
  const { body, key, info, pinned } = known;
  const qualifying = qualifyingData(question.challenge, evidence.node, evidence.tree.root);
  // A node without a TPM sends no quote, so the checks of a quote are not made.
  const proven =
    evidence.quote === undefined
      ? "none"
      : await findings.make("quote", () => assertQuoted(evidence, key, qualifying, policy, question));
  if (proven === undefined) return undefined;
  const registers = proven === "none" ? undefined : proven.registers;
  const measured = registers && aggregateOf(registers, BOOT_REGISTERS);
  const statement = { qualifying, key: info, aggregate: measured ?? NO_AGGREGATE, pinned };
  const machine =
    policy.machines === undefined
      ? "none"
      : await findings.make("machine", (warn) => machineOf(evidence, statement, policy, question, warn));
  if (machine === undefined) return undefined;
  if (proven !== "none")
    await findings.make("counters", (warn) => {
      assertForward(proven.clock, question.last?.clock);
      const was = question.last?.clock?.resetCount;
      if (was !== undefined && proven.clock.resetCount > was)
        warn(
          `the node booted anew since its last accepted evidence (reset ${was}, now ${proven.clock.resetCount}): ` +
            "what its canisters did after that and before this boot is proven neither good nor bad",
        );
      if (!proven.isClockSafe)
        warn(
          "the TPM lost its power without an orderly shutdown: its clock may have gone back since; nothing is to be done",
        );
    });
  if (registers !== undefined || policy.bootLog === "required")
    await findings.make("boot-log", (warn) => assertBootLog(reading, registers, policy, facts, warn));
  if (registers !== undefined || policy.imaList === "required")
    await findings.make("ima-list", (warn) => assertImaList(evidence, registers, policy, facts, warn));
  const ledger =
    proven === "none" && policy.ledger !== "required"
      ? undefined
      : await findings.make("ledger", async (warn) => {
          const facts = appraiseLedger(reading, proven, policy, question, warn);
          if (facts !== undefined && proven !== "none" && key !== undefined)
            await assertNotSetBack(evidence, { ...proven, key, qualifying }, facts, question, warn);
          return facts;
        });
  if (registers !== undefined || policy.boots.length > 0)
    await findings.make("boot", (warn) => assertBoot(reading, registers, policy, references, warn));
  await findings.make("software", () => assertSoftware(body, policy, references));
  const aggregate = registers !== undefined || machine === "none" ? measured : NO_AGGREGATE;
  await findings.make("node-clock", () => assertClock(body, question.now, policy));
  await findings.make("node-losses", (warn) => assertComplete(body, aggregate, registers, policy, warn));
  if (findings.failed) return undefined;
  return {
    body,
    proven: proven === "none" || key === undefined ? undefined : { ...proven, key, qualifying },
    ledger,
    machine: machine === "none" ? undefined : machine,
    aggregate,
  };
}

function assertEnrolled(reading: EvidenceReading, { trust, node: asked }: Question, policy: Policy) {
  const { quote } = reading.evidence;
  const body = reading.node;
  const name = (id: string) => JSON.stringify(id.slice(0, 16));
  if (asked !== undefined && body.node !== asked)
    throw untrustedPlatform(
      `evidence of node ${name(asked)}`,
      `that of ${name(body.node)}`,
      "ask the node that you mean",
    );
  if (quote === undefined && policy.root === "tee") return { body, ...engineOf(body, trust, name) };
  const enrolled = trust.nodes.find(({ id }) => id === body.node);
  if (enrolled === undefined)
    throw untrustedPlatform("an enrolled node", `node ${name(body.node)}, which is not`, "enrol it if it is yours");
  if (quote === undefined) {
    if (policy.root === "none") return { body, key: undefined, info: undefined, pinned: undefined };
    throw untrustedPlatform("a quote by a TPM", "none", "use a node with a TPM, or a policy that accepts one without");
  }
  if (!equal(quote.key, encodedKey(enrolled.attestationKey)))
    throw untrustedPlatform("the attestation key that was enrolled", "another", "find out who answers for this node");
  assertAttestationKey(enrolled.attestationKey);
  const info = policy.machines && infoOfKey(enrolled.attestationKey);
  return { body, key: enrolled.attestationKey, info, pinned: undefined };
}

/** Encoded keys by their areas, which are not changed: a verifier asks for that of a node each minute. */
const encodedKeys = new WeakMap<PublicArea, Uint8Array>();

function encodedKey(area: PublicArea): Uint8Array {
  const known = encodedKeys.get(area) ?? encode(publicArea, area);
  encodedKeys.set(area, known);
  return known;
}

/** A node without a TPM is known by the key of its engine, which its report must be about. */
function engineOf({ node }: NodeBody, { machines }: Question["trust"], name: (id: string) => string) {
  const engine = machines?.nodes.find(({ id }) => id === node);
  if (engine === undefined)
    throw untrustedPlatform(
      "a node whose engine's key is enrolled",
      `node ${name(node)}, which is not`,
      "put its key into the trust directory if it is yours",
    );
  return { key: undefined, info: engine.key, pinned: engine.machine };
}

async function machineOf(
  evidence: Evidence,
  {
    key,
    pinned,
    ...statement
  }: Omit<MachineStatement, "key"> & { readonly key: Uint8Array | undefined; readonly pinned: string | undefined },
  { machines: rules }: Policy,
  { trust, now }: Question,
  warn: Warn,
): Promise<MachineProof | "none"> {
  if (rules === undefined || key === undefined) return "none";
  if (trust.machines === undefined)
    throw untrustedPlatform(
      "roots of the makers of confidential machines",
      "none",
      "put them into the trust directory",
    );
  const proof = await appraiseMachine(evidence, { key, ...statement }, rules, trust.machines, now, warn);
  const machine = machineName(proof);
  if (pinned !== undefined && machine !== pinned)
    throw untrustedPlatform(
      `a report of the machine that was enrolled, ${pinned}`,
      machine,
      "find out where this node runs; if it was moved, enrol it anew",
    );
  if (pinned !== undefined || evidence.reports[0]?.proof !== undefined)
    await assertSigned(evidence, statement.qualifying);
  return proof;
}

async function assertQuoted(
  { quote }: Evidence,
  key: PublicArea | undefined,
  qualifying: Uint8Array,
  { registers }: Policy,
  { verifiesEcdsa }: Question,
): Promise<ProvenRegisters | "none"> {
  if (quote === undefined || key === undefined) return "none";
  const told = quote.registers.map(({ number }) => number);
  if (told.join() !== registers.join())
    throw broken(
      `values of registers ${registers.join()}`,
      `those of ${told.join() || "none"}`,
      "ask for new evidence",
    );
  const asked = { key, challenge: qualifying, hash: "sha256", registers } as const;
  return appraiseQuote(asked, answerIn(quote), verifiesEcdsa);
}

type Registers = ReadonlyMap<number, Uint8Array> | undefined;
type Warn = (why: string) => void;

function assertBootLog(
  reading: EvidenceReading,
  registers: Registers,
  policy: Policy,
  facts: ProvenFacts,
  warn: Warn,
): void {
  const { bootLog } = reading.evidence;
  if (bootLog === undefined || registers === undefined) {
    if (policy.bootLog === "required")
      throw incomplete("a log of measured boot", "none", "see what isoline attest doctor says on the node");
    return registers && warn("there is no log of measured boot: the registers count as they are");
  }
  const fact = facts.recall("boot-log", bootLog, ...BOOT_REGISTERS.map((one) => registers.get(one) ?? NOTHING));
  if (fact.isProven) return;
  assertLedTo(registers, reading.bootRegisters ?? new Map<number, Uint8Array>());
  fact.keep();
}

function assertImaList(
  { imaList }: Evidence,
  registers: Registers,
  policy: Policy,
  facts: ProvenFacts,
  warn: Warn,
): void {
  const quoted = registers?.get(IMA_REGISTER);
  if (imaList === undefined || quoted === undefined) {
    if (policy.imaList === "required")
      throw incomplete("the kernel's list of measured files", "none", "boot the node with ima_policy=tcb");
    return;
  }
  // A list of nothing leads to a register that nothing was extended into: the kernel measures no files.
  if (policy.imaList === "required" && quoted.every((byte) => byte === 0))
    throw incomplete("a kernel that measures files", "one that has measured none", "boot the node with ima_policy=tcb");
  const expected =
    registers && KERNEL_REGISTERS.every((register) => registers.has(register))
      ? aggregateOf(registers, KERNEL_REGISTERS)
      : undefined;
  const { violations, bootAggregate, end } = replayImaList(imaList, quoted, facts.imaLists?.endWithin(imaList));
  if (violations > 0)
    warn(`${violations} files were written while the kernel measured them; their digests are not known`);
  if (bootAggregate?.length === 32 && expected !== undefined && !equal(bootAggregate, expected))
    throw broken(`boot_aggregate ${short(expected)}`, short(bootAggregate), "the list is of another boot: ask again");
  facts.imaLists?.keep(imaList, end);
}

function assertSoftware(body: NodeBody, policy: Policy, { builds, loads }: References): void {
  const { version, digest } = body.build;
  const told = digest === undefined ? undefined : bytesToHex(digest);
  if (policy.builds === "referenced" && !builds.some((one) => one.version === version && one.digest === told))
    throw untrustedPlatform(
      "a build that the references have",
      `${version} ${told?.slice(0, 16) ?? "without a digest"}`,
      "update the node, or add the reference",
    );
  if (policy.programs === "referenced")
    for (const { sensor, programs } of body.sensors) if (sensor === "bpf") assertLoad(programs, loads);
  const { release } = body.kernel;
  if (policy.kernels.length > 0 && !policy.kernels.some((pattern) => matches(pattern, release)))
    throw untrustedPlatform(
      `a kernel ${policy.kernels.join(" or ")}`,
      release,
      "boot a kernel that the policy accepts",
    );
  for (const [name, accepted] of policy.mitigations) {
    const setting = body.mitigations.find((one) => one.name === name)?.setting;
    if (setting === undefined || !accepted.includes(setting))
      throw untrustedPlatform(`${name} to be ${accepted.join(" or ")}`, setting ?? "not told", "set it on the node");
  }
}

/** A load with a program less observes less: it must be one of the references, whole. */
function assertLoad(told: NodeBody["sensors"][number]["programs"], loads: References["loads"]): void {
  const lacking = loads.map((load) => {
    const other = told.find(({ name, digest }) => load.get(name) !== bytesToHex(digest));
    const missing = [...load.keys()].find((name) => !told.some((one) => one.name === name));
    if (other === undefined && told.length > load.size) return "a program twice";
    return other ? `program ${other.name} ${short(other.digest)}` : missing && `a load without program ${missing}`;
  });
  if (lacking.includes(undefined)) return;
  throw untrustedPlatform(
    "the programs of a load that the references have, all of them and no other",
    lacking[0] ?? "a load, and no reference for any",
    "find out what is loaded into the kernel",
  );
}

function assertClock({ made }: NodeBody, now: Date, { clockSkew }: Policy): void {
  const seconds = Math.round((made - now.getTime()) / 1000);
  if (Math.abs(seconds) > clockSkew)
    throw untrustedPlatform(
      `a clock within ${clockSkew} s of this one`,
      seconds < 0 ? `one that is ${-seconds} s late` : `one that is ${seconds} s early`,
      "set the node's clock",
    );
}

function assertComplete(
  body: NodeBody,
  aggregate: Uint8Array | undefined,
  registers: Registers,
  policy: Policy,
  warn: Warn,
): void {
  if (body.aggregate !== undefined && aggregate !== undefined && !equal(body.aggregate.registers, aggregate))
    throw broken(
      `the aggregate ${short(aggregate)} of the quoted registers`,
      short(body.aggregate.registers),
      "ask again",
    );
  const kernel = body.aggregate?.kernel;
  if (
    kernel !== undefined &&
    registers !== undefined &&
    KERNEL_REGISTERS.every((register) => registers.has(register))
  ) {
    const expected = aggregateOf(registers, KERNEL_REGISTERS);
    if (expected !== undefined && !equal(kernel, expected))
      throw broken(`boot_aggregate ${short(expected)}`, short(kernel), "ask again");
  }
  const losses = [...body.losses, ...(body.complete ? [] : ["not every supervisor answered"])];
  if (losses.length === 0) return;
  if (policy.losses === "refuse")
    throw incomplete("a node on which all was observed", losses.join("; "), "see to it on the node");
  warn(losses.join("; "));
}

function aggregateOf(registers: ReadonlyMap<number, Uint8Array>, of: readonly number[]): Uint8Array | undefined {
  const values = of.map((register) => registers.get(register));
  return values.every((value) => value !== undefined) ? hashOf("sha256", ...values) : undefined;
}
