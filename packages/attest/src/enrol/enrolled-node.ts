/** A node that a verifier knows: the key that its quotes are signed with, and the certificate that this key rests on. */
import { decode, encode } from "../tpm/codec.ts";
import { publicArea, type PublicArea } from "../tpm/structures.ts";
import { base64, bytesIn, readDocument, textIn, unfit, writeDocument } from "./document.ts";
import { type Endorsement, nodeIdOf, readEndorsement, writeEndorsement } from "./request.ts";

export interface EnrolledNode {
  /** As `nodeIdOf` its key: evidence names its node by it. */
  readonly id: string;
  readonly attestationKey: PublicArea;
  readonly endorsement: Endorsement;
  /** ISO 8601, UTC. */
  readonly enrolled: string;
}

const KIND = "enrolled node 1";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function writeNode({ id, attestationKey, endorsement, enrolled }: EnrolledNode): string {
  return writeDocument(KIND, {
    id,
    attestationKey: base64(encode(publicArea, attestationKey)),
    endorsement: writeEndorsement(endorsement),
    enrolled,
  });
}

export function readNode(bytes: Uint8Array): EnrolledNode {
  const table = readDocument(bytes, KIND, ["id", "attestationKey", "endorsement", "enrolled"]);
  const attestationKey = decode(publicArea, bytesIn(table, "attestationKey", KIND));
  const id = nodeIdOf(attestationKey);
  if (table["id"] !== id) throw unfit(KIND, "its id is not that of its attestation key");
  return {
    id,
    attestationKey,
    endorsement: readEndorsement(table["endorsement"], KIND),
    enrolled: textIn(table, "enrolled", KIND, TIME),
  };
}
