/** `isoline completion`: prints a script with which a shell completes isoline's command line. */
import type { Command } from "commander";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { wordsOf } from "../completion/words.ts";
import { zshScript } from "../completion/zsh.ts";
import { status } from "../ending.ts";
import { print } from "../output/streams.ts";

export async function completion(shell: "bash" | "zsh" | "fish", program: Command): Promise<number> {
  const words = wordsOf(program);
  switch (shell) {
    case "bash":
      print(bashScript(words));
      break;
    case "zsh":
      print(zshScript(words));
      break;
    case "fish":
      print(fishScript(words));
      break;
  }
  return status.success;
}
