/** Whether a node booted what one of the reference boots says: by values of its registers, or by the events that led to them. */
import { equal } from "../cbor/index.ts";
import type { AttestError } from "../error.ts";
import type { EvidenceReading } from "../evidence/index.ts";
import { eventsByRegister, type LoggedEvent, refusalOf } from "./boot-events.ts";
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

/** Refuses a boot unless it is one of those that the policy names, by what differs from the first of them. */
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
  const refusals = named.map((boot) => refusalBy(boot, booted));
  if (refusals.includes(undefined)) return;
  // Where one boot could not be looked for, it is not proven that the node booted something else.
  const unproven = refusals.find((refusal) => refusal?.code !== "untrusted-platform");
  throw (
    unproven ??
    refusals[0] ??
    untrustedPlatform(`a boot of ${policy.boots.join(", ")}`, "no reference values for them", "add the references")
  );
}

function logIn({ bootLog, bootRegisters }: EvidenceReading): Booted["log"] {
  return bootLog && bootRegisters && { registers: bootRegisters, events: eventsByRegister(bootLog) };
}

function refusalBy({ name, registers: values, events }: BootReference, booted: Booted): AttestError | undefined {
  for (const [register, value] of values) {
    const came = booted.registers.get(register);
    if (came === undefined || !equal(came, value))
      return untrustedPlatform(
        `register ${register} to be ${short(value)}, as in ${name}`,
        came === undefined ? "no such register in the quote" : short(came),
        "find out what the node booted, or add its reference",
      );
  }
  for (const [register, rules] of events) {
    const quoted = booted.registers.get(register);
    if (quoted === undefined)
      return untrustedPlatform(
        `events of ${name} alone in register ${register}`,
        "no such register in the quote",
        "name it in registers of the policy",
      );
    if (booted.log === undefined)
      return incomplete(
        `a log of measured boot with the events of register ${register}, for which ${name} has rules`,
        "none",
        "see what isoline attest doctor says on the node",
      );
    const refusal =
      notLedTo(register, quoted, booted.log.registers) ??
      refusalOf({ name, register, rules }, booted.log.events.get(register) ?? []);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
