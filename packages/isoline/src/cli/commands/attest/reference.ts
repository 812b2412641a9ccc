/** `isoline attest reference`: a good boot as reference values, quoted by a machine that had it, or predicted of the image to be booted. */
import { createHash } from "node:crypto";
import {
  BOOT_REGISTERS,
  FIRST_RESETTABLE,
  type QuotedBoot,
  quotedBoot,
  quotedEvents,
  writeBoot,
} from "@isoline/attest/appraise";
import { KERNEL_REGISTER, MOST_KERNEL_IMAGE_BYTES, predictedPcr11 } from "@isoline/attest/boot";
import { AttestError } from "@isoline/attest/error";
import { EvidenceReading, MOST_EVIDENCE_BYTES } from "@isoline/attest/evidence";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { note, print, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface AttestReferenceOptions {
  readonly name: string;
  readonly evidence?: string;
  readonly registers?: readonly number[];
  /** True: of those of the firmware that `registers` does not name. */
  readonly events?: readonly number[] | true;
  readonly uki?: string;
  readonly phases?: readonly string[];
  readonly output?: string;
}

type Value = readonly [register: number, value: Uint8Array];

export async function attestReference(options: AttestReferenceOptions): Promise<number> {
  assertAsked(options);
  const { name, evidence, uki, phases, output } = options;
  const boot = evidence === undefined ? undefined : await bootIn(evidence);
  const [valued, ruled] = registersOf(options);
  if (evidence !== undefined && boot?.log === undefined && ruled.length === 0)
    note(`${harmless(evidence)}: it has no log of measured boot, so the registers are written as they were quoted`);
  const quoted = boot === undefined ? [] : valued.map((register) => quotedIn(boot, register));
  const events = boot === undefined || ruled.length === 0 ? new Map<number, never>() : quotedEvents(boot, ruled);
  const predicted = uki === undefined ? [] : [predictedOf(uki, phases)];
  const file = writeBoot({ name, registers: new Map([...quoted, ...predicted]), events });
  if (output === undefined) print(file);
  else {
    writeDurably(output, [file]);
    printLine(output);
  }
  return status.success;
}

function assertAsked(options: AttestReferenceOptions): void {
  const { evidence, registers, events, uki, phases } = options;
  if (evidence === undefined && uki === undefined)
    throw usage("expected --evidence FILE, --uki FILE or both, got neither; say where the registers come from");
  for (const [option, given] of Object.entries({ "--registers": registers, "--events": events }))
    if (evidence === undefined && given !== undefined)
      throw usage(`${option} changes nothing without --evidence; add it, or leave both out`);
  if (uki === undefined && phases !== undefined)
    throw usage("--phases changes nothing without --uki; add it, or leave both out");
  const [valued, ruled] = registersOf(options);
  if (uki !== undefined && [...valued, ...ruled].includes(KERNEL_REGISTER))
    throw usage(
      `expected register ${KERNEL_REGISTER} from --uki or from --evidence, got both; leave --uki out, or ${KERNEL_REGISTER} in --registers and --events`,
    );
  const both = ruled.find((register) => valued.includes(register));
  if (both !== undefined)
    throw usage(`expected register ${both} in --registers or in --events, got both; leave it out in one`);
  const resettable = ruled.find((register) => register >= FIRST_RESETTABLE);
  if (resettable !== undefined)
    throw usage(
      `expected registers below ${FIRST_RESETTABLE} in --events, got ${resettable}, which a program can reset; leave it out`,
    );
}

/** The registers whose values are written, and those whose events are. */
function registersOf({ registers, events }: AttestReferenceOptions): readonly [readonly number[], readonly number[]] {
  if (events === undefined) return [registers ?? BOOT_REGISTERS, []];
  const valued = registers ?? [];
  return [valued, events === true ? BOOT_REGISTERS.filter((register) => !valued.includes(register)) : events];
}

function bootIn(file: string): Promise<QuotedBoot> {
  const bytes = readRegular(file, MOST_EVIDENCE_BYTES, "evidence");
  return quotedBoot(new EvidenceReading(bytes, sha256));
}

function quotedIn({ registers }: QuotedBoot, register: number): Value {
  const value = registers.get(register);
  if (value !== undefined) return [register, value];
  const had = [...registers.keys()].join();
  throw new AttestError(
    "incomplete-evidence",
    `expected register ${register} in the quote, got ${had || "none"}; name registers that it has`,
  );
}

function predictedOf(file: string, phases?: readonly string[]): Value {
  const image = readRegular(file, MOST_KERNEL_IMAGE_BYTES, "a unified kernel image");
  return [KERNEL_REGISTER, predictedPcr11(image, phases, sha256)];
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
