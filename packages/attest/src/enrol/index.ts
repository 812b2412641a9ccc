/** Enrolment: how a verifier comes to know the attestation key of a node, and that it is in a TPM of a maker that it trusts. */
export {
  type Activation,
  type ActivationAnswer,
  assertActivated,
  challengeFor,
  readActivation,
  readAnswer,
  writeActivation,
  writeAnswer,
} from "./activation.ts";
export { type EnrolledNode, readNode, writeNode } from "./enrolled-node.ts";
export { type Endorsement, type EnrolmentRequest, nodeIdOf, readRequest, writeRequest } from "./request.ts";
