/**
 * The keys that a node attests with, made anew from the TPM's own seed each time they are needed: the same template gives the same
 * key, so nothing is stored, and nothing is left in the TPM.
 */
import { type Endorsement, type EnrolmentRequest } from "@isoline/attest/enrol";
import {
  attestationKey,
  commands,
  endorsementCertificates,
  endorsementP384,
  endorsementRsa,
  hierarchies,
  type PublicArea,
  readIndex,
  type Tpm,
  TpmRefusal,
} from "@isoline/attest/tpm";
import { AttestError } from "@isoline/attest/error";

export interface LoadedKey {
  readonly handle: number;
  readonly public: PublicArea;
  readonly name: Uint8Array;
}

const NOTHING = new Uint8Array();

async function withKey<T>(tpm: Tpm, template: PublicArea, work: (key: LoadedKey) => Promise<T>): Promise<T> {
  const key = await tpm.run(
    commands.createPrimary,
    { sensitive: { userAuth: NOTHING, data: NOTHING }, public: template, outside: NOTHING, creationPcrs: [] },
    { handles: [hierarchies.endorsement] },
  );
  try {
    return await work(key);
  } finally {
    await tpm.flush(key.handle);
  }
}

export const withAttestationKey = <T>(tpm: Tpm, work: (key: LoadedKey) => Promise<T>): Promise<T> =>
  withKey(tpm, attestationKey, work);

/** What a node sends to be enrolled. Refuses a TPM that no maker vouches for. */
export async function requestOf(tpm: Tpm): Promise<EnrolmentRequest> {
  const endorsements = [
    ...(await endorsementIn(tpm, endorsementRsa, endorsementCertificates.rsa2048)),
    ...(await endorsementIn(tpm, endorsementP384, endorsementCertificates.p384)),
  ];
  if (endorsements.length === 0)
    throw new AttestError(
      "untrusted-endorsement",
      "this TPM holds no certificate of its maker (0x1c00002, 0x1c00016), so no verifier can tell it from a program; " +
        "use another, or make one for swtpm with swtpm_setup --create-ek-cert",
    );
  return { attestationKey: await withAttestationKey(tpm, async (key) => key.public), endorsements };
}

/** TPM2_ActivateCredential: the secret that was wrapped for the endorsement key of that kind and for our attestation key. */
export async function activate(
  tpm: Tpm,
  kind: PublicArea["is"],
  credential: { readonly credentialBlob: Uint8Array; readonly secret: Uint8Array },
): Promise<Uint8Array> {
  const template = kind === "rsa" ? endorsementRsa : endorsementP384;
  return withAttestationKey(tpm, (key) =>
    withKey(tpm, template, async (endorsement) => {
      const session = await tpm.startPolicy("policy");
      try {
        await tpm.run(
          commands.policySecret,
          { nonce: NOTHING, cpHash: NOTHING, policyRef: NOTHING, expiration: 0 },
          { handles: [hierarchies.endorsement, session] },
        );
        // The template for P-384 permits its empty password as well, and its policy is another (EK Credential Profile, B.6.6).
        const own = kind === "rsa" ? { session } : { password: NOTHING };
        const { credential: opened } = await tpm.run(commands.activateCredential, credential, {
          handles: [key.handle, endorsement.handle],
          authorisations: [{ password: NOTHING }, own],
        });
        return opened;
      } finally {
        await tpm.flush(session);
      }
    }),
  );
}

async function endorsementIn(tpm: Tpm, template: PublicArea, index: number): Promise<Endorsement[]> {
  try {
    const certificate = await readIndex(tpm, index);
    return [{ public: await withKey(tpm, template, async (key) => key.public), certificate }];
  } catch (fault) {
    // The TPM has no such certificate, or not the algorithm.
    if (fault instanceof TpmRefusal) return [];
    throw fault;
  }
}
