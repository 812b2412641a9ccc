/** Users at a terminal inside. `node test/foreign/run.mjs --full terminal` runs every session. */
import { describe, expect, it } from "vitest";
import { present } from "../../tools/run.mjs";
import { play, stories } from "./terminal.mjs";

const selection = [/^Ctrl-C/, /^Ctrl-Z/, /^a shell inside/, /window size/, /^vim/, /hangs up/];

describe.skipIf(!["tmux", "vim", "bash"].every(present))("a terminal shows the same inside as outside", () => {
  it.each(stories.filter(({ name }) => selection.some((wanted) => wanted.test(name))))("$name", async (story) => {
    const outside = play(story, false);
    const inside = play(story, true);
    expect(outside.join("\n")).not.toContain("never came]");
    expect(inside).toEqual(outside);
  });
});
