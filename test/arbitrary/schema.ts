/** The part of JSON Schema (draft 2020-12) that our schemas use. An unknown keyword fails, so that none is ignored. */
type Schema = Readonly<Record<string, unknown>>;

const annotations = new Set(["$schema", "$defs", "title", "description"]);

export function accepts(schema: Schema, value: unknown, root: Schema = schema): boolean {
  return Object.entries(schema).every(
    ([keyword, rule]) => annotations.has(keyword) || holds(keyword, rule, value, schema, root),
  );
}

function holds(keyword: string, rule: unknown, value: unknown, schema: Schema, root: Schema): boolean {
  const object =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  const sub = (other: unknown, part: unknown) => accepts(other as Schema, part, root);
  switch (keyword) {
    case "$ref":
      return sub((root["$defs"] as Record<string, unknown>)[(rule as string).replace("#/$defs/", "")], value);
    case "type":
      return rule === typeOf(value) || (rule === "integer" && Number.isInteger(value));
    case "const":
      return value === rule;
    case "enum":
      return (rule as unknown[]).includes(value);
    case "oneOf":
      return (rule as unknown[]).filter((other) => sub(other, value)).length === 1;
    case "required":
      return !object || (rule as string[]).every((name) => Object.hasOwn(object, name));
    case "properties":
      return (
        !object ||
        Object.entries(rule as Record<string, unknown>).every(
          ([name, other]) => !Object.hasOwn(object, name) || sub(other, object[name]),
        )
      );
    case "additionalProperties":
      if (rule !== false) throw new Error("additionalProperties is false in our schemas");
      return (
        !object || Object.keys(object).every((name) => Object.hasOwn((schema["properties"] ?? {}) as object, name))
      );
    case "pattern":
      return typeof value !== "string" || new RegExp(rule as string, "u").test(value);
    case "minimum":
      return typeof value !== "number" || value >= (rule as number);
    case "maximum":
      return typeof value !== "number" || value <= (rule as number);
    case "minLength":
      return typeof value !== "string" || [...value].length >= (rule as number);
    case "items":
      return !Array.isArray(value) || value.every((part) => sub(rule, part));
    case "maxItems":
      return !Array.isArray(value) || value.length <= (rule as number);
    default:
      throw new Error(`the schema has a keyword this validator does not know: ${keyword}`);
  }
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
