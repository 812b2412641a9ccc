/**
 * Holds a value to a JSON Schema (draft 2020-12), as far as our schemas go: a keyword that is not known here is refused, so that
 * nothing passes unread.
 */

export type Schema = Readonly<Record<string, unknown>>;

const NOTES = ["$schema", "$id", "$defs", "title", "description"];

/** What is wrong, one line each, with where it is; none for a value that fits. */
export function faultsIn(value: unknown, schema: Schema, whole: Schema = schema, at = "$"): string[] {
  return Object.entries(schema).flatMap(([keyword, said]): string[] => {
    const wrong = (fits: boolean, expected: string) => (fits ? [] : [`${at}: expected ${expected}`]);
    switch (keyword) {
      case "$ref":
        return faultsIn(value, defined(whole, String(said)), whole, at);
      case "const":
        return wrong(value === said, JSON.stringify(said));
      case "enum":
        return wrong((said as unknown[]).includes(value), `one of ${JSON.stringify(said)}`);
      case "type":
        return wrong(isOf(value, String(said)), String(said));
      case "minimum":
        return wrong(typeof value !== "number" || value >= Number(said), `at least ${String(said)}`);
      case "pattern":
        return wrong(typeof value !== "string" || new RegExp(String(said)).test(value), `text like ${String(said)}`);
      case "items":
        return Array.isArray(value)
          ? value.flatMap((each, index) => faultsIn(each, said as Schema, whole, `${at}[${index}]`))
          : [];
      case "required":
        return isOf(value, "object")
          ? (said as string[]).filter((name) => !(name in (value as object))).map((name) => `${at}: lacks ${name}`)
          : [];
      case "properties":
        return members(value).flatMap(([name, each]) =>
          name in (said as object)
            ? faultsIn(each, (said as Record<string, Schema>)[name] ?? {}, whole, `${at}.${name}`)
            : [],
        );
      case "additionalProperties":
        return members(value)
          .filter(([name]) => !(name in ((schema["properties"] ?? {}) as object)))
          .flatMap(([name, each]) =>
            said === false ? [`${at}: does not know ${name}`] : faultsIn(each, said as Schema, whole, `${at}.${name}`),
          );
      case "anyOf":
        return wrong(
          (said as Schema[]).some((one) => faultsIn(value, one, whole, at).length === 0),
          `one of ${(said as Schema[]).length} forms`,
        );
      default:
        return wrong(NOTES.includes(keyword), `a keyword that this test knows in the schema, got ${keyword}`);
    }
  });
}

function defined(whole: Schema, reference: string): Schema {
  const name = reference.replace("#/$defs/", "");
  return (whole["$defs"] as Record<string, Schema>)[name] ?? { missing: reference };
}

function members(value: unknown): [string, unknown][] {
  return isOf(value, "object") ? Object.entries(value as object) : [];
}

function isOf(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
