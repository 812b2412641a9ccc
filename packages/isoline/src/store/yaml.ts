/** Parses YAML, and so JSON, that a user wrote. Aliases are refused: a few lines of them can expand to gigabytes. */

/** The value of a text; for invalid YAML, throws what `refused` makes of the reason. */
export async function parseYaml(text: string, refused: (why: string, cause: unknown) => Error): Promise<unknown> {
  const { parse } = await import("yaml");
  try {
    return parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true, logLevel: "error" });
  } catch (fault) {
    const why = fault instanceof Error ? (fault.message.split("\n")[0] ?? "") : String(fault);
    throw refused(`expected YAML or JSON; ${why}`, fault);
  }
}
