/** The captured lists, keys, attributes and register values: see fixtures/README.md. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Keyring, readVerifyingKey } from "../../packages/isoline/src/integrity/appraise/keyring.ts";

export const fixturePath = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
export const fixture = (name: string) => readFileSync(fixturePath(name));

export const captures = ["capture", "tpl-ima", "tpl-ima-ng", "enforce-imasig", "percanister"] as const;

/** The keys that signed the files of `enforce-imasig`. */
export const signers = new Keyring(["ima.der", "imaec.der"].map((name) => readVerifyingKey(fixture(name), name)));

/** `security.ima` of the files of `enforce-imasig`, as getfattr printed them. */
export const attributes: ReadonlyMap<string, Buffer> = new Map(
  Array.from(
    fixture("xattrs.txt")
      .toString("latin1")
      .matchAll(/^# file: tmp\/disk\/(\S+)\nsecurity\.ima=0x([0-9a-f]+)$/gm),
    (found) => [found[1] as string, Buffer.from(found[2] as string, "hex")],
  ),
);

/** SHA-256 of /usr/bin/true, of which the files are copies, and of the copy that was changed afterwards. */
export const contentDigest = Buffer.from("966f79fa757a940bae42c31805c1c5ee591e3724c2a5887017889379fc6cf55b", "hex");
export const tamperedDigest = Buffer.from("735b86e64f1f402ea37ea012126cb7e4739e5e95cef7a166e7a55d46b144119a", "hex");
export const verityDigest = Buffer.from("a29c8d60d77eef1fdb4b3d6c160618450d8725776367a2742e3a82bba153f98e", "hex");
