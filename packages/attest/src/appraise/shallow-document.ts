/**
 * JSON or YAML, nested no deeper than a file of ours is. The library calls itself for each level of nesting, so a few thousand of them, in
 * a few kilobytes, end the whole process: no handler of ours is reached. So levels are counted while the text is taken apart, which needs
 * no such calls, and before anything is made of it. So are the pieces of the text: what is made of each takes the processor in one go.
 */
import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from "yaml";

/** Of the library's parser, which has up to three for a list or a map. */
const MOST_LEVELS = 96;

export interface DocumentRead {
  readonly contents: unknown;
  /** Where and why it cannot be read; undefined where it can. */
  readonly fault: { readonly offset: number; readonly why: string } | undefined;
}

/**
 * The one document in a text of at most so many pieces: words, signs, spaces and ends of lines. Names that stand twice in a map are not
 * looked for: the library compares each with all the others.
 */
export function shallowDocument(text: string, lineCounter: LineCounter, mostPieces: number): DocumentRead {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  try {
    const [first, second] = firstTwo(faultFinding().compose(piecesOf(text, parser, mostPieces), true, text.length));
    const [wrong] = [...(first?.errors ?? []), ...(first?.warnings ?? [])];
    if (wrong !== undefined) throw new Unreadable(wrong.pos[0], wrong.message);
    // What stands behind the first one would not count, and nothing would say so.
    if (second !== undefined) throw new Unreadable(second.range[0], "expected one document, got another behind it");
    return { contents: first?.contents, fault: undefined };
  } catch (fault) {
    if (!(fault instanceof Unreadable)) throw fault;
    return { contents: undefined, fault: { offset: fault.offset, why: fault.message } };
  }
}

class Unreadable extends RangeError {
  readonly offset: number;

  constructor(offset: number, why: string) {
    const [line = ""] = why.split("\n");
    super(line.slice(0, 120) || "cannot be read");
    this.offset = offset;
  }
}

/**
 * Ends with the first fault. The library would go on and keep an error, with its stack, for each comma too much: seconds for a policy that
 * any operator may send. It has no setting for that, so its handler is replaced.
 */
function faultFinding(): Composer {
  const composer = new Composer({ schema: "json", uniqueKeys: false, strict: true, logLevel: "silent" });
  let fault: Unreadable | undefined;
  const onError = (at: number | readonly number[] | { readonly offset: number }, _code: string, why: string): never => {
    // The library catches what is thrown, and tells it once more for each node around.
    fault ??= new Unreadable(typeof at === "number" ? at : "offset" in at ? at.offset : (at[0] ?? 0), why);
    throw fault;
  };
  return Object.assign<Composer, object>(composer, { onError });
}

/** A third one is not made. */
function firstTwo(documents: Iterable<Document.Parsed>): readonly Document.Parsed[] {
  const found: Document.Parsed[] = [];
  for (const document of documents) if (found.push(document) === 2) break;
  return found;
}

function* piecesOf(text: string, parser: Parser, most: number): Generator<CST.Token, void> {
  let pieces = 0;
  for (const piece of new Lexer().lex(text)) {
    if (++pieces > most) throw new Unreadable(parser.offset, `expected at most ${most} words and signs, got more`);
    for (const token of parser.next(piece)) {
      yield token;
      if (token.type === "error") return;
    }
    if (parser.stack.length > MOST_LEVELS)
      throw new Unreadable(parser.offset, `expected at most ${MOST_LEVELS} levels of nesting, got more`);
  }
  yield* parser.end();
}
