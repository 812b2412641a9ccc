/** Files with `security.ima`, as evmctl makes them. */
import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readVerifyingKey } from "../../packages/isoline/src/integrity/appraise/keyring.ts";

/** A user who owns the files that the rules are about, and no other file of the machine. */
export const OWNER = 47_110;

export interface Signer {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** The public key in DER. */
  readonly der: Buffer;
}

export function makeSigner(kind: "rsa" | "ec"): Signer {
  const { privateKey, publicKey } =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ type: "spki", format: "der" });
  return { id: readVerifyingKey(der, "a new key").id, privateKey, der };
}

/** A version 2 signature over SHA-256 of the content. */
export function signatureOver(content: Buffer, signer: Signer, version = 2): Buffer {
  const signature = sign("sha256", content, signer.privateKey);
  const length = Buffer.of(signature.length >> 8, signature.length & 0xff);
  return Buffer.concat([Buffer.of(0x03, version, 4), Buffer.from(signer.id, "hex"), length, signature]);
}

export function hashOver(content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x04, 4), createHash("sha256").update(content).digest()]);
}

/** A copy of a program under another name, owned by OWNER, with the attribute that `attribute` makes of its content. */
export function program(
  directory: string,
  name: string,
  attribute?: (content: Buffer) => Buffer,
  of = "/usr/bin/true",
) {
  const path = join(directory, name);
  copyFileSync(of, path);
  finish(path, attribute);
  return path;
}

export function document(directory: string, name: string, text: string, attribute?: (content: Buffer) => Buffer) {
  const path = join(directory, name);
  writeFileSync(path, text);
  finish(path, attribute);
  return path;
}

function finish(path: string, attribute: ((content: Buffer) => Buffer) | undefined): void {
  chmodSync(path, 0o755);
  chownSync(path, OWNER, OWNER);
  if (attribute) setAttribute(path, attribute(readFileSync(path)));
}

const SET = "import os,sys; os.setxattr(sys.argv[1], 'security.ima', bytes.fromhex(sys.argv[2]))";
const GET = "import os,sys; print(os.getxattr(sys.argv[1], 'security.ima').hex())";

export function setAttribute(path: string, value: Buffer): void {
  execFileSync("python3", ["-c", SET, path, value.toString("hex")]);
}

export function attributeOf(path: string): Buffer {
  return Buffer.from(execFileSync("python3", ["-c", GET, path], { encoding: "utf8" }).trim(), "hex");
}
