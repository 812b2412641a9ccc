/** Whether a node booted what one of the reference boots says: by values of its registers, or by the events that led to them. */
import { equal } from "../cbor/index.ts";
import type { AttestError } from "../error.ts";
import type { EvidenceReading } from "../evidence/index.ts";
import { eventsByRegister, type LoggedEvent, refusalOf, type RegisterRules } from "./boot-events.ts";
import { incomplete, short, untrustedPlatform } from "./findings.ts";
import type { Policy } from "./policy.ts";
import { notLedTo } from "./quoted-boot.ts";
import type { BootReference, References } from "./references.ts";

type Registers = ReadonlyMap<number, Uint8Array>;

interface Booted {
  /** Quoted values. */
  readonly registers: Registers;
  readonly log:
    | { readonly registers: Registers; readonly events: ReadonlyMap<number, readonly LoggedEvent[]> }
    | undefined;
}

/** Refuses a boot unless it is one of those that the policy names, by what differs from the one that more registers fit than any other. */
export function assertBoot(
  reading: EvidenceReading,
  registers: Registers | undefined,
  policy: Policy,
  { boots }: References,
  warn: (why: string) => void,
): void {
  if (registers === undefined)
    throw untrustedPlatform(
      `a boot of ${policy.boots.join(", ")}`,
      "no quote that would show which",
      "use a node with a TPM, or a policy that names no boots",
    );
  if (policy.boots.length === 0) return warn("the policy names no boot: any boot is accepted");
  const accepted = new Set(policy.boots);
  const named = boots.filter(({ name }) => accepted.has(name));
  const needsLog = named.some(({ events }) => events.size > 0);
  const booted = { registers, log: needsLog ? logIn(reading) : undefined };
  const others = named.map((boot) => differenceFrom(boot, booted));
  if (others.includes(undefined)) return;
  const differing = others.filter((other) => other !== undefined);
  const [nearest] = differing.toSorted((one, other) => other.fitting - one.fitting);
  // Where one boot could not be looked for, it is not proven that the node booted something else.
  const unproven = differing.find(({ refusal }) => refusal.code !== "untrusted-platform");
  throw (
    unproven?.refusal ??
    nearest?.refusal ??
    untrustedPlatform(`a boot of ${policy.boots.join(", ")}`, "no reference values for them", "add the references")
  );
}

function logIn({ bootLog, bootRegisters }: EvidenceReading): Booted["log"] {
  return bootLog && bootRegisters && { registers: bootRegisters, events: eventsByRegister(bootLog) };
}

interface Difference {
  readonly refusal: AttestError;
  /** How many registers of the reference fit. */
  readonly fitting: number;
}

function differenceFrom({ name, registers: values, events }: BootReference, booted: Booted): Difference | undefined {
  const ofValues = [...values].map(([register, value]) => otherValue(name, register, value, booted));
  const ofEvents = [...events].map(([register, rules]) => otherEvents({ name, register, rules }, booted));
  const found = [...ofValues, ...ofEvents];
  const refusal = found.find((each) => each !== undefined);
  return refusal && { refusal, fitting: found.filter((each) => each === undefined).length };
}

function otherValue(name: string, register: number, value: Uint8Array, { registers }: Booted): AttestError | undefined {
  const came = registers.get(register);
  if (came !== undefined && equal(came, value)) return undefined;
  return untrustedPlatform(
    `register ${register} to be ${short(value)}, as in ${name}`,
    came === undefined ? "no such register in the quote" : short(came),
    "find out what the node booted, or add its reference",
  );
}

function otherEvents(rules: RegisterRules, { registers, log }: Booted): AttestError | undefined {
  const { name, register } = rules;
  const quoted = registers.get(register);
  if (quoted === undefined)
    return untrustedPlatform(
      `events of ${name} alone in register ${register}`,
      "no such register in the quote",
      "name it in registers of the policy",
    );
  if (log === undefined)
    return incomplete(
      `a log of measured boot with the events of register ${register}, for which ${name} has rules`,
      "none",
      "see what isoline attest doctor says on the node",
    );
  return notLedTo(register, quoted, log.registers) ?? refusalOf(rules, log.events.get(register) ?? []);
}
