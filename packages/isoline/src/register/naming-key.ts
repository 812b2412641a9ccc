/**
 * The key by which a ledger names namespaces. It lies beside the ledger, closed to others, for as long as the ledger is of use: with it
 * labels can be guessed, and nothing can be forged.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { AttestError } from "@isoline/attest/error";
import { labelStatement, NAMING_BYTES } from "@isoline/attest/register";
import { readRegular } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";

const SUFFIX = ".names";
const MOST_KEY = 8192;

export class NamingKey {
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  /** A new key, for a ledger that begins. Only under the lock of the ledger. */
  static make(ledger: string): NamingKey {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: NAMING_BYTES * 8, publicExponent: 65537 });
    writeDurably(ledger + SUFFIX, [privateKey.export({ type: "pkcs8", format: "pem" }).toString()], 0o600);
    return new NamingKey(privateKey);
  }

  /** The key of a ledger that begins with these `names`. Refuses a ledger whose key is gone, with `bad-ledger`. */
  static open(ledger: string, names: Uint8Array): NamingKey {
    const key = keyIn(ledger + SUFFIX);
    const made = key && new NamingKey(key);
    if (made === undefined || !Buffer.from(names).equals(made.names))
      throw new AttestError(
        "bad-ledger",
        `${ledger}${SUFFIX}: expected the key that names namespaces in this ledger, got ${made ? "another" : "none"}; restart the machine, which begins another ledger`,
      );
    return made;
  }

  /** The modulus, as a ledger begins with it. */
  get names(): Uint8Array {
    const { n = "" } = this.#key.export({ format: "jwk" });
    return Uint8Array.from(Buffer.from(n, "base64url"));
  }

  /** The one proof of a label under this key. */
  proofOf(label: string): Uint8Array {
    return Uint8Array.from(sign("sha256", labelStatement(label), this.#key));
  }
}

function keyIn(path: string): KeyObject | undefined {
  try {
    return createPrivateKey(readRegular(path, MOST_KEY, "the key that names namespaces"));
  } catch {
    return undefined;
  }
}
