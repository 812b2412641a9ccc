/**
 * The marks that git leaves in a text where two branches changed the same lines:
 *
 *   <<<<<<< ours            or   <<<<<<< ours
 *   lines of one branch          lines of one branch
 *   =======                      ||||||| origin
 *   lines of the other           lines of the origin
 *   >>>>>>> theirs               =======
 *                                lines of the other
 *                                >>>>>>> theirs
 */

const MARK = /^(?:<{7}|\|{7}|>{7})(?: |$)|^={7}$/;

/** Whether a line is a mark of a conflict. No line of a contour looks like one. */
export function isConflictMark(line: string): boolean {
  return MARK.test(line);
}

/** What both branches had, of a text with marks of conflicts; undefined for a text without. */
export function conflictSides(text: string): readonly [ours: string, theirs: string] | undefined {
  const sides: [string[], string[]] = [[], []];
  let within: "both" | "ours" | "origin" | "theirs" = "both";
  let conflicts = 0;
  for (const line of text.split("\n")) {
    if (isConflictMark(line)) {
      within = AFTER[line[0] as keyof typeof AFTER];
      conflicts += 1;
      continue;
    }
    if (within === "both" || within === "ours") sides[0].push(line);
    if (within === "both" || within === "theirs") sides[1].push(line);
  }
  return conflicts === 0 ? undefined : [sides[0].join("\n"), sides[1].join("\n")];
}

const AFTER = { "<": "ours", "|": "origin", "=": "theirs", ">": "both" } as const;
