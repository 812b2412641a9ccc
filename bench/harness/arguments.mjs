/** The options of `npm run bench`. */
import { parseArgs } from "node:util";

/** @param {readonly string[]} words @param {readonly string[]} names of the benchmarks */
export function parseArguments(words, names) {
  const { values, positionals } = parse(words);
  const only = [...(values.only ?? []), ...positionals];
  for (const name of only) {
    if (!names.includes(name)) refuse(`expected one of ${names.join(", ")}, got "${name}"`);
  }
  const pairs = values.pairs === undefined ? undefined : Number(values.pairs);
  if (pairs !== undefined && !(Number.isInteger(pairs) && pairs > 0 && pairs <= 1000))
    refuse(`expected a number from 1 to 1000 after --pairs, got "${values.pairs}"`);
  const set = Object.fromEntries((values.set ?? []).map(settingIn));
  const { quick = false, list = false, against, json, markdown, from } = values;
  return { only: only.length > 0 ? only : names, pairs, set, quick, list, against, json, markdown, from };
}

/** @param {readonly string[]} words */
function parse(words) {
  try {
    return parseArgs({
      args: [...words],
      // Several names may follow one --only.
      allowPositionals: true,
      options: {
        only: { type: "string", multiple: true },
        pairs: { type: "string" },
        set: { type: "string", multiple: true },
        quick: { type: "boolean" },
        list: { type: "boolean" },
        against: { type: "string" },
        json: { type: "string" },
        markdown: { type: "string" },
        from: { type: "string" },
      },
    });
  } catch (fault) {
    return refuse(fault instanceof Error ? fault.message : String(fault));
  }
}

/** @param {string} text @returns {[string, string]} */
function settingIn(text) {
  const at = text.indexOf("=");
  if (at < 1) refuse(`expected NAME=VALUE after --set, got "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** @param {string} why @returns {never} */
function refuse(why) {
  process.stderr.write(`bench: ${why}\n`);
  process.exit(2);
}
