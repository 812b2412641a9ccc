/** What `#!` lines put in front of the arguments of a script (fs/binfmt_script.c). */
import type { Interpreter } from "./loader.ts";

/** What takes the place of the first word; `script` is how the first interpreter is told where the script is. */
export function wordsInFront(script: Buffer, interpreters: readonly Interpreter[]): readonly Buffer[] {
  return interpreters.reduce<readonly Buffer[]>((words, { path, argument }) => {
    const [name = script, ...rest] = words;
    return [path, ...(argument === undefined ? [] : [argument]), name, ...rest];
  }, []);
}
