/** Changes of verdicts, for those who are not asking. */
export { Delivery } from "./delivery.ts";
export { changeDocument } from "./document.ts";
export { nats } from "./nats.ts";
export type { Receiver } from "./receiver.ts";
export { webhook } from "./webhook.ts";
