/** Events: what a task did, as code, bytes, JSON and text. */
export { brief, ownCopy } from "./brief.ts";
export { capabilityNames, capabilityPhrase } from "./capabilities.ts";
export { decodeEvent, encodeEvent, MAX_EVENT_BYTES } from "./encoding.ts";
export { escapeBytes, escapeText, isEscaped, unescapeToBytes } from "./escape.ts";
export { type Actor, type Credentials, type Event, type FieldValue, type Subject, subjectRecord } from "./event.ts";
export { eventFromJson, eventToJson, type Json } from "./json.ts";
export { type FieldKind, fieldsOf, isOperation, type Operation, operationNames, operations } from "./operations.ts";
export { endpointPhrase, modePhrase, phrase } from "./phrase.ts";
export { eventSchema } from "./schema.ts";
export { assertEvent } from "./soundness.ts";
export { formatAct, formatId, LAUNCH_USER, parseAct } from "./text.ts";
