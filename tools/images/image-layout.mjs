/** Small images in the form of an OCI image layout (image-layout.md), made in memory: what is pushed to learn, and in tests. */
import { createHash, sign } from "node:crypto";
import { gzipSync } from "node:zlib";
import { preAuthenticated, STATEMENT, writeStatement } from "@isoline/core/verify";
import { tar } from "./push.mjs";

const json = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value));
const hex = (/** @type {Uint8Array} */ bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * @typedef {object} Layout
 * @property {string} digest of the manifest: `sha256:…`
 * @property {readonly (readonly [name: string, content: Buffer])[]} files
 */

/** An image of these layers, each a tar archive. @param {readonly Buffer[]} layers @param {object} config @returns {Layout} */
export function layoutOf(layers, config) {
  const packed = layers.map((layer) => gzipSync(layer, { level: 1 }));
  const configuration = json({
    ...{ architecture: "amd64", os: "linux", config },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${hex(layer)}`) },
  });
  const described = (/** @type {string} */ type, /** @type {Buffer} */ bytes) => ({
    mediaType: `application/vnd.oci.image.${type}`,
    digest: `sha256:${hex(bytes)}`,
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    config: described("config.v1+json", configuration),
    layers: packed.map((layer) => described("layer.v1.tar+gzip", layer)),
  });
  return {
    digest: `sha256:${hex(manifest)}`,
    files: [
      ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
      ["index.json", json({ schemaVersion: 2, manifests: [described("manifest.v1+json", manifest)] })],
      ...[configuration, manifest, ...packed].map((blob) => /** @type {const} */ ([`blobs/sha256/${hex(blob)}`, blob])),
    ],
  };
}

/**
 * A push of an image with its contour, signed for it with an Ed25519 key.
 *
 * @param {Layout} layout @param {Buffer} contour @param {import("node:crypto").KeyObject} key @param {readonly string[]} [images]
 */
export function signedPush({ digest, files }, contour, key, images = [digest]) {
  const about = /** @type {import("@isoline/core/digest").Digest} */ (hex(contour));
  const payload = Buffer.from(writeStatement("contour", { digest: about, images }));
  const sig = sign(null, preAuthenticated(STATEMENT, payload), key).toString("base64");
  const envelope = { payloadType: STATEMENT, payload: payload.toString("base64"), signatures: [{ sig }] };
  return tar([...files, ["contour", contour], ["contour.sig", json(envelope)]]);
}
