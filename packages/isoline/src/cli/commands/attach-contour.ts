/** `isoline attach-contour`: stores a contour beside its image in a registry, with its signature if it has one. */
import { attach } from "../../canister/registry/contours.ts";
import { CliError } from "../../error.ts";
import { readBounded, readRegular, Unfit } from "../../store/bounded-file.ts";
import { loadAnyContour, MOST_CONTOUR_BYTES } from "../../store/contour-file.ts";
import { MOST_SIGNATURE } from "../../store/signature/beside.ts";
import { signaturePath } from "../../store/signature/demand.ts";
import { status } from "../ending.ts";
import { printLine } from "../output/streams.ts";

export async function attachContour(image: string, file: string): Promise<number> {
  await loadAnyContour(file);
  printLine(await attach(image, readRegular(file, MOST_CONTOUR_BYTES, "a contour"), new Date(), signatureBeside(file)));
  return status.success;
}

function signatureBeside(file: string): Buffer | undefined {
  const path = signaturePath(file);
  const bytes = readBounded(path, MOST_SIGNATURE, "refuse");
  if (!(bytes instanceof Unfit)) return bytes;
  if (bytes.found === "nothing") return undefined;
  throw new CliError("cannot-read", `${path}: expected the contour's signature, found ${bytes.found}; sign it again`);
}
