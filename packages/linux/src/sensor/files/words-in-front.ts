/** The words that `#!` lines put before the arguments of a script (fs/binfmt_script.c). */
import type { Interpreter } from "./loader.ts";

/** The words that replace the first one; `script` is the path by which the first interpreter is given the script. */
export function wordsInFront(script: Buffer, interpreters: readonly Interpreter[]): readonly Buffer[] {
  return interpreters.reduce<readonly Buffer[]>((words, { path, argument }) => {
    const [name = script, ...rest] = words;
    return [path, ...(argument === undefined ? [] : [argument]), name, ...rest];
  }, []);
}
