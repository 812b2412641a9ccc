/** `isoline sign`: a signature beside a contour. */
import { IMAGE } from "@isoline/core/verify";
import { loadHashed } from "../../store/contour-file.ts";
import { writeDurably } from "../../store/output.ts";
import { signatureOf, signaturePath } from "../../store/signature/demand.ts";
import { readSigningKey } from "../../store/signature/keys.ts";
import { status } from "../ending.ts";
import { printLine } from "../output/streams.ts";
import { usage } from "../refusal.ts";

export interface SignOptions {
  readonly key: string;
  readonly image?: readonly string[];
}

export async function sign(file: string, { key, image: images = [] }: SignOptions): Promise<number> {
  const stranger = images.find((each) => !IMAGE.test(each));
  if (stranger !== undefined)
    throw usage(
      `--image: expected a digest, sha256:…, got ${JSON.stringify(stranger.slice(0, 120))}; isoline inspect shows those of an image`,
    );
  const signing = readSigningKey(key);
  const { digest } = await loadHashed(file);
  const path = signaturePath(file);
  writeDurably(path, [signatureOf(file, { digest, images }, signing)]);
  printLine(path);
  return status.success;
}
