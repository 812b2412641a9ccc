/**
 * The JSON Schema (draft 2020-12) of the JSON form of an event, made from the operation table.
 * Published as docs/spec/event.schema.json.
 */
import type { Json } from "./json.ts";
import { type FieldKind, fieldsOf, type Operation, operationNames } from "./operations.ts";
import { credentialIds, MAX_LIST } from "./soundness.ts";

const ref = (name: string): Json => ({ $ref: `#/$defs/${name}` });

const kinds: Readonly<Record<FieldKind, Json>> = {
  path: ref("text"),
  text: ref("text"),
  list: { type: "array", items: { $ref: "#/$defs/text", minLength: 1 }, maxItems: MAX_LIST },
  u32: ref("u32"),
  octal: ref("u32"),
  id: ref("u32"),
  u64: ref("u64"),
  digest: ref("digest"),
};

/** The schema as a document, ready for `JSON.stringify`. */
export function eventSchema(): { [name: string]: Json } {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "isoline event, iso1",
    description:
      "One information exchange: an actor, an operation, a subject. Texts are escaped as iso1.md says, which a schema cannot fully express.",
    type: "object",
    required: ["op", "actor", "subject"],
    additionalProperties: false,
    properties: { op: { enum: operationNames }, actor: ref("actor"), subject: { type: "object" } },
    oneOf: operationNames.map(operationSchema),
    $defs: {
      digest: { description: "SHA-256", type: "string", pattern: "^[0-9a-f]{64}$" },
      text: {
        description: "escaped text on one line, without spaces",
        type: "string",
        pattern: "^[^\\u0000- \\u007f-\\u00a0]*$",
      },
      u32: { type: "integer", minimum: 0, maximum: 0xffff_ffff },
      u64: { type: "string", pattern: "^0x(0|[1-9a-f][0-9a-f]{0,15})$" },
      actor: closed({ task: ref("digest"), parent: ref("digest"), credentials: ref("credentials") }),
      credentials: closed({
        ...Object.fromEntries(credentialIds.map((id) => [id, ref("u32")])),
        capabilities: ref("u64"),
      }),
    },
  };
}

function operationSchema(op: Operation): Json {
  const fields = fieldsOf(op);
  const subject = closed(
    Object.fromEntries(fields.map(([name, field]) => [name, kinds[field.kind]])),
    fields.filter(([, field]) => !field.optional).map(([name]) => name),
  );
  return { properties: { op: { const: op }, subject } };
}

/** An object with exactly these members. */
function closed(properties: { readonly [name: string]: Json }, required = Object.keys(properties)): Json {
  return { type: "object", required, additionalProperties: false, properties };
}
