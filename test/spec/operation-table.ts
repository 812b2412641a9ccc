/** docs/spec/operations.md: every operation and its fields, in the order in which they are encoded. */
import { fieldsOf, operationNames } from "@isoline/core/event";

export function operationTable(): string {
  const rows = operationNames.map((op) => {
    const fields = fieldsOf(op).map(([name, { kind, optional }]) => `\`${name}\` ${kind}${optional ? "?" : ""}`);
    return `| \`${op}\` | ${fields.join(", ") || "none"} |`;
  });
  return `# Operations of iso1

Every operation and the fields of its subject, in the order in which [iso1](iso1.md) encodes them. A \`?\` marks a field that may
be absent. This page is made from the table in \`packages/core/src/event/operations.ts\`. Later versions may add operations anywhere
in the table. The fields of an operation never change.

| operation | fields |
| --- | --- |
${rows.join("\n")}
`;
}
