/**
 * The first entry of a list: the digest over the machine's boot, which ties the list to it.
 *
 * The kernel's own is used if it can be read; otherwise it is computed as the kernel does (ima_crypto.c,
 * ima_calc_boot_aggregate_tfm): over registers 0 to 9 of the bank of its algorithm, 0 to 7 for SHA-1. Without a TPM it is
 * zeros.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { algorithmByName, type HashAlgorithm } from "../hash-algorithms.ts";
import { readMeasured } from "../list/entry.ts";
import { firstEntryLength, readBinaryList } from "../list/read-binary.ts";

export interface BootAggregate {
  readonly algorithm: HashAlgorithm;
  readonly digest: Buffer;
  /** Its source. */
  readonly from: "kernel" | "tpm" | "nothing";
}

const KERNEL_LIST = "/sys/kernel/security/ima/binary_runtime_measurements";
/** Larger than any first entry; the whole list may have millions. */
const FIRST_BYTES = 4096;

/** The aggregate in the algorithm of a namespace's measurements. `root` is the directory of `/sys`, for tests. */
export function bootAggregate(algorithm: HashAlgorithm, root = ""): BootAggregate {
  return (
    ofKernel(`${root}${KERNEL_LIST}`) ??
    ofTpm(algorithm, `${root}/sys/class/tpm/tpm0/pcr-${algorithm.name}`) ?? {
      algorithm,
      digest: Buffer.alloc(algorithm.size),
      from: "nothing",
    }
  );
}

function ofKernel(path: string): BootAggregate | undefined {
  try {
    const list = readBinaryList(firstEntry(path), "sha1");
    const [first] = list.entries;
    const measured = first && readMeasured(first, list.littleEndian, 1);
    const algorithm = algorithmByName(measured?.file?.algorithm ?? "");
    if (measured?.name?.toString("latin1") !== "boot_aggregate" || algorithm === undefined || !measured.file)
      return undefined;
    return { algorithm, digest: Buffer.from(measured.file.digest), from: "kernel" };
  } catch {
    return undefined;
  }
}

/** The bytes of the first entry: the kernel generates the file as it is read. */
function firstEntry(path: string): Buffer {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(FIRST_BYTES);
    const length = readSync(fd, bytes, 0, FIRST_BYTES, null);
    return bytes.subarray(0, firstEntryLength(bytes.subarray(0, length)));
  } finally {
    closeSync(fd);
  }
}

function ofTpm(algorithm: HashAlgorithm, directory: string): BootAggregate | undefined {
  const last = algorithm.name === "sha1" ? 7 : 9;
  try {
    const hash = createHash(algorithm.node ?? "sha256");
    for (let register = 0; register <= last; register++) {
      const value = Buffer.from(readFileSync(`${directory}/${register}`, "latin1").trim(), "hex");
      if (value.length !== algorithm.size) return undefined;
      hash.update(value);
    }
    return { algorithm, digest: hash.digest(), from: "tpm" };
  } catch {
    return undefined;
  }
}
