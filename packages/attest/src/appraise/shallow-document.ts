/**
 * JSON or YAML, nested no deeper than a file of ours is. The library calls itself for each level of nesting, so a few thousand of them, in
 * a few kilobytes, end the whole process: no handler of ours is reached. So levels are counted while the text is taken apart, which needs
 * no such calls, and before anything is made of it.
 */
import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from "yaml";

/** Of the library's parser, which has up to three for a list or a map. */
const MOST_LEVELS = 96;

export interface DocumentRead {
  readonly contents: unknown;
  /** Where and why it cannot be read; undefined where it can. */
  readonly fault: { readonly offset: number; readonly why: string } | undefined;
}

/** The one document in a text. Names that stand twice in a map are not looked for: the library compares each with all the others. */
export function shallowDocument(text: string, lineCounter: LineCounter): DocumentRead {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  const composer = new Composer({ schema: "json", uniqueKeys: false, strict: true, logLevel: "silent" });
  const documents: Document.Parsed[] = [];
  try {
    for (const document of composer.compose(tokensOf(text, parser), true, text.length)) documents.push(document);
  } catch (fault) {
    if (!(fault instanceof TooDeep)) throw fault;
    return { contents: undefined, fault: { offset: parser.offset, why: fault.message } };
  }
  const [first, second] = documents;
  const [wrong] = [...(first?.errors ?? []), ...(first?.warnings ?? [])];
  if (wrong !== undefined) {
    const [why = ""] = wrong.message.split("\n");
    return { contents: undefined, fault: { offset: wrong.pos[0], why: why.slice(0, 120) || "cannot be read" } };
  }
  // What stands behind the first one would not count, and nothing would say so.
  if (second !== undefined)
    return {
      contents: undefined,
      fault: { offset: second.range[0], why: "expected one document, got another behind it" },
    };
  return { contents: first?.contents, fault: undefined };
}

class TooDeep extends RangeError {}

function* tokensOf(text: string, parser: Parser): Generator<CST.Token, void> {
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MOST_LEVELS)
      throw new TooDeep(`expected at most ${MOST_LEVELS} levels of nesting, got more`);
  }
  yield* parser.end();
}
