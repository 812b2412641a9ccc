/** From a push to a canister on disk. The signature comes first: what is not signed is neither decompressed nor unpacked. */
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { attachedPath } from "../canister/attached.ts";
import { assertForImage, assertSame, vouchedIn } from "../store/signature/demand.ts";
import type { TrustedKey } from "../store/signature/keys.ts";
import { bundleConfiguration } from "./bundle.ts";
import { layBundle, layContour } from "./lay.ts";
import { configurationOf, digestOf, layersOf, manifestOf, type Push, readPush } from "./layout.ts";
import { refused, shown } from "./refusal.ts";
import { treeOf } from "./tree.ts";

export interface Places {
  /** Bundles, each in a directory of its own. */
  readonly canisters: string;
  /** Contours, each under its image's digest. */
  readonly contours: string;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** Whose signatures count. On a machine that learns, a push need not have a contour. */
export interface Acceptance {
  readonly keys: readonly TrustedKey[];
  readonly learns: boolean;
}

export function accept(name: string, archive: Buffer, { keys, learns }: Acceptance, places: Places): void {
  if (!NAME.test(name)) throw refused("a name of at most 32 letters, digits and hyphens", shown(name));
  const push = readPush(archive);
  const manifest = manifestOf(push);
  if (!learns || push.has("contour")) acceptContour(push, manifest.digest, keys, places);
  const image = configurationOf(push, manifest);
  const tree = treeOf(layersOf(push, manifest, image));
  layBundle(join(places.canisters, name), bundleConfiguration(name, manifest.digest, image), tree);
}

function acceptContour(push: Push, image: string, keys: readonly TrustedKey[], { contours }: Places): void {
  const contour = push.get("contour");
  const signature = push.get("contour.sig");
  if (contour === undefined || signature === undefined)
    throw refused("a contour and its signature in the push", "none", "push contour and contour.sig beside the layout");
  const vouched = vouchedIn(signature, "contour.sig", keys);
  assertSame("contour", vouched, digestOf(contour).slice("sha256:".length) as Digest);
  assertForImage("contour", vouched, { digests: [image], named: true });
  layContour(attachedPath(contours, image), contour, signature);
}
