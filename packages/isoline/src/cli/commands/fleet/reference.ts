/** `isoline fleet reference`: files that say what good looks like; with `--image`, of an image whose contour is attached to it. */
import { ZERO_DIGEST, sha256 } from "@isoline/core/digest";
import { fetchForAll } from "../../../canister/registry/contours.ts";
import { parseReference } from "../../../canister/registry/reference.ts";
import { soundContour } from "../../../canister/sound.ts";
import { CliError } from "../../../error.ts";
import { type ContourReference, withContours } from "../../../fleet/image-references.ts";
import { fileOf, publish, publishContour } from "../../../fleet/people.ts";
import { FleetRefusal, type FleetServer } from "../../../fleet/server.ts";
import { readTrustedKey, type TrustedKey } from "../../../store/signature/keys.ts";
import { status } from "../../ending.ts";
import { assertForm, named, withServer } from "../../fleet/session.ts";
import { note, print } from "../../output/streams.ts";
import { usage } from "../../refusal.ts";
import { type FleetShelfOptions, MOST_FILE, onShelf } from "./shelf.ts";

export interface FleetReferenceOptions extends FleetShelfOptions {
  /** Images in registries, whose attached contours are published for them. */
  readonly image?: readonly string[];
  /** Keys of which one must have signed each contour for its image. */
  readonly trustedKey?: readonly string[];
  /** What the contours are called in the reference values. */
  readonly as?: string;
  /** The changed file is printed, and nothing is published. */
  readonly print?: true;
}

/** What reference values call a contour. */
const NAME = /^[^\p{C}]{1,128}$/u;

export async function fleetReference(name: string | undefined, options: FleetReferenceOptions): Promise<number> {
  const { image: images = [], trustedKey, as, set, contour, withdraw } = options;
  if (images.length === 0) {
    if (trustedKey === undefined && as === undefined && options.print === undefined)
      return onShelf("references", name, options);
    throw usage("expected --image, since --trusted-key, --as and --print are about images; name one");
  }
  if ((set ?? contour ?? withdraw) !== undefined)
    throw usage("expected --image without --set, --contour and --withdraw; give those in a call of their own");
  if (name === undefined) throw usage("expected a name to publish under");
  assertForm(options.output, ["table"]);
  const called = as === undefined ? undefined : calledIn(as);
  const keys = trustedKey?.map(readTrustedKey);
  return withServer(options, async (server) => {
    const found: Found[] = [];
    for (const image of images) found.push(await foundFor(image, called, keys));
    await putFound(server, named(name), found, options.print === true);
    return status.success;
  });
}

/** A contour of an image, and what reference values say of it. */
interface Found {
  readonly file: Buffer;
  readonly reference: ContourReference;
}

async function foundFor(
  image: string,
  called: string | undefined,
  keys: readonly TrustedKey[] | undefined,
): Promise<Found> {
  const attached = await fetchForAll(image);
  const { contour: file, count, digests, instances } = attached;
  const contour = soundContour(image, attached, keys);
  if (file.length > MOST_FILE)
    throw new CliError(
      "no-attached-contour",
      `${image}: expected a contour of at most ${MOST_FILE} bytes, which a verifier takes, got ${file.length}; attach a smaller one`,
    );
  if (count > 1) note(`${count} contours are attached to ${attached.image}; the newest was taken`);
  return {
    file,
    reference: {
      name: called ?? calledIn(parseReference(image).name),
      contour: sha256(file),
      state: contour.stateUnder(ZERO_DIGEST, ZERO_DIGEST),
      images: [...new Set([...digests, ...instances])],
    },
  };
}

function calledIn(text: string): string {
  if (NAME.test(text)) return text;
  throw usage(
    `expected a name of 1 to 128 letters for the contour, got ${JSON.stringify(text.slice(0, 80))}; give one by --as`,
  );
}

async function putFound(server: FleetServer, name: string, found: readonly Found[], isPrinted: boolean): Promise<void> {
  const { text, wasSigned, left } = await withContours(
    await presentFile(server, name),
    found.map(({ reference }) => reference),
  );
  for (const { reference } of found)
    note(`${reference.name}: the contour ${reference.contour}, for ${reference.images.join(", ")}`);
  for (const one of left)
    note(
      `${one}: named no more, so canisters under it turn red, unless other reference values name it; to keep a version that ` +
        "still runs, name its image as well: --image is repeated",
    );
  if (isPrinted) return print(text);
  if (wasSigned) throw new CliError("fleet-refused", `${name}: expected unsigned ones, got signed ones${TO_SIGN}`);
  await putUnsigned(server, name, text);
  // After the reference values, which say for which images it is: without them it counts for any. They may have been replaced meanwhile.
  for (const [digest, file] of new Map(found.map(({ reference, file }) => [reference.contour, file])))
    await publishContour(server, digest, file, true);
  note(`${name}: published`);
}

const TO_SIGN =
  "; print the changed ones with --print, sign that file with isoline attest sign, and publish it with --set";

async function putUnsigned(server: FleetServer, name: string, text: string): Promise<void> {
  try {
    await publish(server, "references", name, Buffer.from(text));
  } catch (fault) {
    // The file is of the right form, so it is a signature that is missing.
    if (!(fault instanceof FleetRefusal) || fault.reason !== "bad-policy-file") throw fault;
    throw new CliError("fleet-refused", `${fault.message}${TO_SIGN}`, { cause: fault });
  }
}

async function presentFile(server: FleetServer, name: string): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await fileOf(server, "references", name));
  } catch (fault) {
    if (fault instanceof FleetRefusal && fault.status === 404) return undefined;
    throw fault;
  }
}
