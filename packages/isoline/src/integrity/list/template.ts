/**
 * The fields of entries of a measurement list, and the templates that combine them.
 *
 * Field names and templates are those of security/integrity/ima/ima_template.c; the encoding of each field is that of
 * ima_template_lib.c.
 */

/**
 * Encodings of a field:
 *
 *   `digest`     20 bytes
 *   `digest-ng`  `sha256:` ‖ 00 ‖ digest; with a kind in front in v2, `ima:sha256:` or `verity:sha256:`
 *   `name`       text ‖ 00
 *   `bytes`      any bytes
 *   `u16` `u32`  an owner, a group, a mode; in the byte order of the list
 */
export type FieldForm = "digest" | "digest-ng" | "name" | "bytes" | "u16" | "u32";

const forms = {
  d: "digest",
  n: "name",
  "d-ng": "digest-ng",
  "d-ngv2": "digest-ng",
  "n-ng": "name",
  sig: "bytes",
  buf: "bytes",
  "d-modsig": "digest-ng",
  modsig: "bytes",
  evmsig: "bytes",
  iuid: "u32",
  igid: "u32",
  imode: "u16",
  xattrnames: "name",
  xattrlengths: "bytes",
  xattrvalues: "bytes",
} as const satisfies Record<string, FieldForm>;

export type FieldName = keyof typeof forms;

export interface TemplateField {
  readonly name: FieldName;
  readonly form: FieldForm;
}

export interface Template {
  readonly name: string;
  readonly fields: readonly TemplateField[];
  /** The first template: no length in front of its data or its fields, and a name padded for hashing. */
  readonly isOriginal: boolean;
}

const ORIGINAL = "ima";

const formats: Readonly<Record<string, string>> = {
  [ORIGINAL]: "d|n",
  "ima-ng": "d-ng|n-ng",
  "ima-sig": "d-ng|n-ng|sig",
  "ima-ngv2": "d-ngv2|n-ng",
  "ima-sigv2": "d-ngv2|n-ng|sig",
  "ima-buf": "d-ng|n-ng|buf",
  "ima-modsig": "d-ng|n-ng|sig|d-modsig|modsig",
  "evm-sig": "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode",
};

const templates = new Map(Object.keys(formats).map((name) => [name, templateOf(name, formats[name] as string)]));

/**
 * The template of a name. A kernel started with `ima_template_fmt=` names the fields themselves (`d-ng|n-ng|sig`). Undefined is
 * a template that this version does not know: its entries are kept unchanged.
 */
export function findTemplate(name: string): Template | undefined {
  const known = templates.get(name);
  if (known !== undefined || !name.includes("|")) return known;
  return name.split("|").every((field) => Object.hasOwn(forms, field)) ? templateOf(name, name) : undefined;
}

/** Names that a policy may use with `template=`. */
export function isTemplateName(name: string): boolean {
  return templates.has(name);
}

function templateOf(name: string, format: string): Template {
  const fields = (format.split("|") as FieldName[]).map((field) => ({ name: field, form: forms[field] }));
  return { name, fields, isOriginal: name === ORIGINAL };
}
