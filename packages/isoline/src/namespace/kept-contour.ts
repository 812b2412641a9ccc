/**
 * The file of a contour to which acts are added that a person permits for good, and its evidence, which says who permitted them. Their
 * directory is opened before the workload starts, and each file is replaced in one step.
 */
import { type Contour, mergeContours } from "@isoline/core/contour";
import { Evidence } from "@isoline/core/evidence";
import { IsolineError } from "@isoline/core/error";
import { unlock } from "@isoline/linux";
import { saveContour } from "../store/contour-file.ts";
import { EVIDENCE_SUFFIX, readEvidence, writeEvidence } from "../store/evidence-file.ts";
import { Output } from "../store/output.ts";
import { MOST_SIGNATURE, SIGNATURE_SUFFIX } from "../store/signature/beside.ts";
import type { Plan } from "./plan.ts";
import { lockToAdd, readThere } from "./saving.ts";

/** Who permitted an act, and where it was seen. */
export interface Permission {
  readonly by: string;
  readonly source: string;
}

interface Files {
  readonly contour: Output;
  readonly evidence: Output;
}

export class KeptContour {
  readonly #path: string;
  /** Undefined if nothing can be added, for the reason that is given instead. */
  readonly #files: Files | undefined;
  readonly #closed: string | undefined;

  private constructor(path: string, files: Files | undefined, closed: string | undefined) {
    this.#path = path;
    this.#files = files;
    this.#closed = closed;
  }

  static of({ contour: path, asks, signed }: Plan): KeptContour {
    if (asks === undefined || path === undefined) return new KeptContour("", undefined, "it is not kept");
    if (signed !== undefined)
      return new KeptContour(path, undefined, `${path} has to be signed, so add the act and sign it anew`);
    try {
      const files = { contour: Output.open(path), evidence: Output.open(`${path}${EVIDENCE_SUFFIX}`) };
      return new KeptContour(path, files, undefined);
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      return new KeptContour(path, undefined, fault.message);
    }
  }

  /** Adds points to the file, which other processes may have changed meanwhile; returns why that is not possible. */
  add(more: Contour, permission: Permission): string | undefined {
    if (this.#files === undefined) return this.#closed;
    const { contour, evidence } = this.#files;
    try {
      if (contour.readBeside(SIGNATURE_SUFFIX, MOST_SIGNATURE) !== undefined)
        return `${this.#path} is signed, and would not be what was signed; add the act and sign it anew`;
      lockToAdd(this.#path, contour);
      try {
        const known = readEvidence(`${this.#path}${EVIDENCE_SUFFIX}`, evidence);
        saveContour(contour, contour.exists ? mergeContours([readThere(this.#path, contour), more]) : more);
        writeEvidence(evidence, remarked(known ?? new Evidence(), more, permission));
      } finally {
        unlock(contour.directory);
      }
      return undefined;
    } catch (fault) {
      if (!(fault instanceof IsolineError)) throw fault;
      return fault.message;
    }
  }

  close(): void {
    this.#files?.contour.close();
    this.#files?.evidence.close();
  }
}

function remarked(evidence: Evidence, more: Contour, { by, source }: Permission): Evidence {
  const when = `${new Date().toISOString().slice(0, 19)}Z`;
  const reason = "a person was asked, and answered always";
  evidence.addAcceptances(
    Array.from({ length: more.size }, (_, index) => ({ point: more.point(index), when, by, reason, source })),
  );
  return evidence;
}
