/** Security versions of AMD's firmware: eight bytes whose order depends on the generation of the processor. */
import { type Certificate, only, smallInteger, tags, untrusted } from "../x509/index.ts";
import type { SnpReport } from "./snp-report.ts";

/** Extensions of AMD's certificates (AMD, VCEK Certificate and KDS Interface Specification, 57230, table 8). */
export const amd = {
  productName: "1.3.6.1.4.1.3704.1.2",
  securityVersion: "1.3.6.1.4.1.3704.1.3",
  hardwareId: "1.3.6.1.4.1.3704.1.4",
  cloudId: "1.3.6.1.4.1.3704.1.5",
} as const;

/** The parts of a TCB that a policy can name, and the last arc of the extension that certifies each (57230, table 8). */
const PARTS = { bootLoader: 1, tee: 2, snp: 3, microcode: 8, fmc: 9 } as const;
export type TcbPart = keyof typeof PARTS;
export const tcbParts = Object.keys(PARTS) as TcbPart[];

/** Parts of a TCB by name; Turin alone has `fmc`. */
export type Tcb = Readonly<Partial<Record<TcbPart, number>>>;

/**
 * Generations of processors: families of CPUID, names of products, and for each byte of a TCB, the first one first, the last arc of
 * its extension (56860, TCB_VERSION). 4 to 7 are reserved bytes, which are compared as well.
 */
export const generations = [
  { names: ["Milan", "Genoa"], family: 0x19, bytes: [1, 2, 4, 5, 6, 7, 3, 8], chipIdBytes: 64 },
  { names: ["Turin"], family: 0x1a, bytes: [9, 1, 2, 3, 5, 6, 7, 8], chipIdBytes: 8 },
] as const;
export type Generation = (typeof generations)[number];

/** The generation that the certificate names. A report of version 3 or later must name the same. */
export function generationOf(certificate: Certificate, report: SnpReport): Generation {
  const name = ia5Of(certificate, amd.productName);
  const product = name.split("-")[0] ?? "";
  const generation = generations.find(({ names }) => (names as readonly string[]).includes(product));
  if (generation === undefined) throw untrusted(`its key is for ${JSON.stringify(name)}, a processor unknown here`);
  if (report.family !== undefined && report.family !== generation.family)
    throw untrusted(
      `its key is for ${JSON.stringify(name)}, but the report is of family 0x${report.family.toString(16)}`,
    );
  return generation;
}

/** The signing key is derived from the firmware: it proves `reported_tcb` only if the certificate has the same versions. */
export function assertCertifiedTcb(certificate: Certificate, report: SnpReport, { bytes }: Generation): void {
  const reported = report.fields.at("reported_tcb");
  for (const [index, arc] of bytes.entries()) {
    const certified = versionIn(certificate, arc);
    if (certified !== reported[index])
      throw untrusted(
        `its key is for version ${certified} of byte ${index} of the TCB, but it reports ${reported[index]}`,
      );
  }
}

export function tcbIn(report: SnpReport, field: string, { bytes }: Generation): Tcb {
  const value = report.fields.at(field);
  const parts = Object.entries(PARTS).flatMap(([name, arc]) => {
    const index = (bytes as readonly number[]).indexOf(arc);
    return index < 0 ? [] : [[name, value[index]] as const];
  });
  return Object.fromEntries(parts);
}

/** Every part on its own: a newer boot loader does not make up for old microcode. */
export function assertMinimumTcb(tcb: Tcb, minimum: Tcb, field: string): void {
  for (const [part, least] of Object.entries(minimum)) {
    const got = tcb[part as TcbPart];
    if (got === undefined || !(got >= least))
      throw untrusted(`${field}: expected ${part} ${least} or later, got ${got ?? "none"}`);
  }
}

function versionIn(certificate: Certificate, arc: number): number {
  const oid = `${amd.securityVersion}.${arc}`;
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) throw untrusted(`its key has no extension ${oid}`);
  return smallInteger(only(extension.value, tags.integer, oid), oid);
}

/** An extension that holds an IA5String. */
export function ia5Of(certificate: Certificate, oid: string): string {
  const extension = certificate.extensions.get(oid);
  if (extension === undefined) throw untrusted(`its key has no extension ${oid}`);
  return new TextDecoder().decode(only(extension.value, IA5_STRING, oid).content.subarray(0, 128));
}

const IA5_STRING = 0x16;
