/** docs/spec/tpm.md is made from the tables that encode and decode: `npx vitest run test/attest/tables.test.ts -u` writes it. */
import { describe, expect, it } from "vitest";
import type { Codec, Member } from "../../packages/attest/src/tpm/codec.ts";
import { commands } from "../../packages/attest/src/tpm/commands.ts";
import { attest, nvPublic, publicArea, signature } from "../../packages/attest/src/tpm/structures.ts";

type AnyCodec = Member["codec"] | Codec<unknown>;

const PREFACE = `# TPM 2.0: commands and structures

<!-- Made by \`npx vitest run test/attest/tables.test.ts -u\` from packages/attest/src/tpm. Change the tables, not this page. -->

What isoline sends to a TPM and reads from it. The names are those of the TPM 2.0 Library of the TCG, version 184. Numbers are
big-endian. \`TPM2B\` is a length of two bytes before the bytes; \`TPML\` a count of four bytes before the elements. Everything else is
refused: a length beyond the end, bytes behind the end, a number without a meaning here.
`;

const list = (members: readonly Member[]) =>
  members.map(({ name, codec }) => (name === "" ? `\`${codec.name}\`` : `${name} \`${codec.name}\``)).join(", ") || "–";

function page(): string {
  const rows = Object.values(commands).map(({ name, code, handles, authorised, parameters, response, givesHandle }) => {
    const needs = handles.map((handle, index) => (index < authorised ? `**${handle}**` : handle)).join(", ") || "–";
    const gives = [
      ...(givesHandle ? ["a handle"] : []),
      ...(response.members.length > 0 ? [list(response.members)] : []),
    ];
    return `| ${name} | 0x${code.toString(16)} | ${needs} | ${list(parameters.members)} | ${gives.join(", ") || "–"} |`;
  });
  const found = new Map<string, AnyCodec>();
  const visit = (codec: AnyCodec): void => {
    if (codec.members.length > 0 && !/ (?:parameters|response)$/.test(codec.name)) found.set(codec.name, codec);
    for (const member of codec.members) visit(member.codec);
  };
  for (const { parameters, response } of Object.values(commands))
    for (const each of [parameters, response]) visit(each);
  for (const each of [attest, nvPublic, publicArea, signature]) visit(each as AnyCodec);
  const structures = [...found.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, members }) => `| \`${name}\` | ${list(members)} |`);
  return [
    PREFACE,
    "## Commands",
    "",
    "Handles in bold need an authorisation.",
    "",
    "| command | code | handles | parameters | response |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "## Structures",
    "",
    "The members of a union are named after the value of the selector before it.",
    "",
    "| structure | members |",
    "| --- | --- |",
    ...structures,
    "",
  ].join("\n");
}

describe("the page of commands and structures", () => {
  it("says what the tables say", async () => {
    await expect(page()).toMatchFileSnapshot("../../docs/spec/tpm.md");
  });

  it("has each command once, by its code", () => {
    const codes = Object.values(commands).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
