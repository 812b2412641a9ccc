/** Enrolment: how a verifier comes to know the key of a node, and that a TPM or a confidential machine of a trusted maker has it. */
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
export {
  assertAnswers,
  type EnrolledMachine,
  isMachine,
  isMachineRequest,
  type MachineReport,
  machineStatement,
  readMachine,
  readMachineAnswer,
  readMachineChallenge,
  readMachineRequest,
  reportDataOf,
  writeMachine,
  writeMachineAnswer,
  writeMachineChallenge,
  writeMachineRequest,
} from "./machine.ts";
export { type Endorsement, type EnrolmentRequest, nodeIdOf, readRequest, writeRequest } from "./request.ts";
