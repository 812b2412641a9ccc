/** Response codes of a TPM in words that say what to do (TPM 2.0 Library, part 2, 6.6). */
import { AttestError } from "../error.ts";

/** Codes without a handle, session or parameter (format zero, and warnings). */
const plain: Readonly<Record<number, readonly [name: string, remedy: string]>> = {
  0x100: ["TPM_RC_INITIALIZE", "the TPM was not started: send Startup, or restart it"],
  0x101: ["TPM_RC_FAILURE", "the TPM is in failure mode: power it off and on"],
  0x120: ["TPM_RC_DISABLED", "the hierarchy is switched off: enable it in the firmware's settings"],
  0x12d: ["TPM_RC_UPGRADE", "the TPM is being upgraded: finish that first"],
  0x128: ["TPM_RC_PCR_CHANGED", "the registers changed meanwhile: begin the policy anew"],
  0x131: ["TPM_RC_AUTH_CONTEXT", "this command takes no session"],
  0x143: ["TPM_RC_COMMAND_CODE", "this TPM does not have the command"],
  0x148: ["TPM_RC_NV_LOCKED", "the index is locked until the next start: choose another, or restart"],
  0x149: ["TPM_RC_NV_AUTHORIZATION", "the index permits this to another authorisation only"],
  0x14a: ["TPM_RC_NV_UNINITIALIZED", "the index was never written: extend it first"],
  0x14b: ["TPM_RC_NV_SPACE", "the TPM has no room for another index: undefine one that is not used"],
  0x14c: ["TPM_RC_NV_DEFINED", "an index with this handle exists: undefine it, or choose another handle"],
  0x902: ["TPM_RC_OBJECT_MEMORY", "too many objects are loaded: flush some (tpm2_flushcontext -t)"],
  0x903: ["TPM_RC_SESSION_MEMORY", "too many sessions are open: flush some (tpm2_flushcontext -s)"],
  0x905: ["TPM_RC_SESSION_HANDLES", "too many sessions are open: flush some (tpm2_flushcontext -s)"],
  0x907: ["TPM_RC_LOCALITY", "this needs another locality"],
  0x908: ["TPM_RC_YIELDED", "the TPM was busy: try again"],
  0x909: ["TPM_RC_CANCELED", "the command was cancelled: try again"],
  0x920: ["TPM_RC_NV_RATE", "the TPM writes no more for the moment: try again"],
  0x921: ["TPM_RC_LOCKOUT", "too many wrong authorisations: wait, or reset the lockout"],
  0x922: ["TPM_RC_RETRY", "the TPM was busy: try again"],
  0x923: ["TPM_RC_NV_UNAVAILABLE", "the TPM cannot write its memory for the moment: try again"],
};

/** Codes that come with the number of a handle, session or parameter (format one, without those bits). */
const placed: Readonly<Record<number, readonly [name: string, remedy: string]>> = {
  0x081: ["TPM_RC_ASYMMETRIC", "the TPM does not have the algorithm"],
  0x082: ["TPM_RC_ATTRIBUTES", "the attributes do not fit together, or not this command"],
  0x083: ["TPM_RC_HASH", "the TPM does not have this hash algorithm"],
  0x084: ["TPM_RC_VALUE", "the value is out of range or does not fit"],
  0x085: ["TPM_RC_HIERARCHY", "the hierarchy is not allowed here, or switched off"],
  0x088: ["TPM_RC_MODE", "the mode is not supported"],
  0x089: ["TPM_RC_TYPE", "the type does not fit"],
  0x08b: ["TPM_RC_HANDLE", "there is nothing with this handle"],
  0x08e: ["TPM_RC_AUTH_FAIL", "the authorisation is wrong, and was counted"],
  0x092: ["TPM_RC_SCHEME", "the scheme does not fit the key"],
  0x095: ["TPM_RC_SIZE", "a length does not fit"],
  0x096: ["TPM_RC_SYMMETRIC", "the symmetric algorithm is not supported"],
  0x098: ["TPM_RC_SELECTOR", "the selector has no meaning"],
  0x09a: ["TPM_RC_INSUFFICIENT", "the command was too short"],
  0x09b: ["TPM_RC_SIGNATURE", "the signature is not of this key over this message"],
  0x09d: ["TPM_RC_POLICY_FAIL", "the policy of the object is not fulfilled"],
  0x09f: ["TPM_RC_INTEGRITY", "the blob was made by another TPM, or was changed"],
  0x0a2: ["TPM_RC_BAD_AUTH", "the authorisation is wrong"],
  0x0a3: ["TPM_RC_EXPIRED", "the policy has expired: begin it anew"],
  0x0a4: ["TPM_RC_POLICY_CC", "the policy is for another command"],
};

const FORMAT_ONE = 0x080;
const IS_PARAMETER = 0x040;
const IS_SESSION = 0x800;

/** The command did nothing and may be sent again: TPM_RC_YIELDED, TPM_RC_RETRY. */
export const isTransient = (code: number): boolean => code === 0x908 || code === 0x922;

/** What a TPM refused. `rc` is its response code. */
export class TpmRefusal extends AttestError {
  readonly command: string;
  readonly rc: number;

  constructor(command: string, rc: number) {
    const { name, where, remedy } = explain(rc);
    super("tpm-refused", `${command}: the TPM answered ${name} (0x${rc.toString(16)})${where}; ${remedy}`);
    this.command = command;
    this.rc = rc;
  }
}

function explain(rc: number): { readonly name: string; readonly where: string; readonly remedy: string } {
  if ((rc & FORMAT_ONE) === 0) {
    const [name, remedy] = plain[rc] ?? ["an unknown code", "look it up in part 2 of the TPM library, 6.6"];
    return { name, where: "", remedy };
  }
  const [name, remedy] = placed[rc & 0x0bf] ?? ["an unknown code", "look it up in part 2 of the TPM library, 6.6"];
  const number = (rc >> 8) & (rc & IS_PARAMETER ? 0xf : 0x7);
  const what = rc & IS_PARAMETER ? "parameter" : rc & IS_SESSION ? "session" : "handle";
  return { name, where: number === 0 ? "" : ` for ${what} ${number}`, remedy };
}
