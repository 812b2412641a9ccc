/** `isoline attest reference`: a good boot as reference values, quoted by a machine that had it, or predicted of the image to be booted. */
import { createHash } from "node:crypto";
import { BOOT_REGISTERS, quotedBoot, writeBoot } from "@isoline/attest/appraise";
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
  readonly uki?: string;
  readonly phases?: readonly string[];
  readonly output?: string;
}

type Value = readonly [register: number, value: Uint8Array];

export async function attestReference(options: AttestReferenceOptions): Promise<number> {
  assertAsked(options);
  const { name, evidence, registers = BOOT_REGISTERS, uki, phases, output } = options;
  const quoted = evidence === undefined ? [] : await quotedIn(evidence, registers);
  const predicted = uki === undefined ? [] : [predictedOf(uki, phases)];
  const file = writeBoot({ name, registers: new Map([...quoted, ...predicted]) });
  if (output === undefined) print(file);
  else {
    writeDurably(output, [file]);
    printLine(output);
  }
  return status.success;
}

function assertAsked({ evidence, registers, uki, phases }: AttestReferenceOptions): void {
  if (evidence === undefined && uki === undefined)
    throw usage("expected --evidence FILE, --uki FILE or both, got neither; say where the registers come from");
  if (evidence === undefined && registers !== undefined)
    throw usage("--registers changes nothing without --evidence; add it, or leave both out");
  if (uki === undefined && phases !== undefined)
    throw usage("--phases changes nothing without --uki; add it, or leave both out");
  if (uki !== undefined && registers?.includes(KERNEL_REGISTER))
    throw usage(
      `expected register ${KERNEL_REGISTER} from --uki or from --evidence, got both; leave --uki out, or ${KERNEL_REGISTER} in --registers`,
    );
}

async function quotedIn(file: string, named: readonly number[]): Promise<readonly Value[]> {
  const bytes = readRegular(file, MOST_EVIDENCE_BYTES, "evidence");
  const { registers, hasLog } = await quotedBoot(new EvidenceReading(bytes, sha256));
  const values = named.map((register): Value => {
    const value = registers.get(register);
    if (value !== undefined) return [register, value];
    const had = [...registers.keys()].join();
    throw new AttestError(
      "incomplete-evidence",
      `expected register ${register} in the quote, got ${had || "none"}; name registers that it has in --registers`,
    );
  });
  if (!hasLog)
    note(`${harmless(file)}: it has no log of measured boot, so the registers are written as they were quoted`);
  return values;
}

function predictedOf(file: string, phases?: readonly string[]): Value {
  const image = readRegular(file, MOST_KERNEL_IMAGE_BYTES, "a unified kernel image");
  return [KERNEL_REGISTER, predictedPcr11(image, phases, sha256)];
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
