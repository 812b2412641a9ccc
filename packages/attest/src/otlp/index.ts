/** The way of metrics to a receiver of OTLP, for the agent and the verifier. What is written, and by which library, is theirs. */
export { OtlpPush, type Pushing, type PushOutcome } from "./push.ts";
export { OtlpReceiver, type OtlpTarget, type ReadAnswer } from "./receiver.ts";
