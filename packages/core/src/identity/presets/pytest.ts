import type { ToolRule } from "../tools/rule.ts";
import type { Preset } from "./preset.ts";
import { scripted } from "./scripted.ts";

const PYTHON = ["python*"];

export const pytest: Preset = {
  summary:
    "Python with pytest; gives up what Python does with compiled modules, and pytest with its own cache, in the project",
  programs: ["pytest", "py.test"],
  tools: [
    ...["$CWD", "$HOME"].map((home) => ({
      kind: "cache" as const,
      in: `${home}/**/__pycache__`,
      by: PYTHON,
      why: "Python reads a compiled module where an earlier run left one that is not older than its source, and else makes it",
    })),
    {
      kind: "cache",
      in: "$CWD/.pytest_cache",
      by: PYTHON,
      why: "pytest keeps here what failed in the last run",
    },
    ...["$TMP/pytest-of-", "$CWD/pytest-cache-files-"].flatMap((name): readonly ToolRule[] => [
      {
        kind: "names",
        form: "directory",
        in: `${name}*`,
        why: "pytest keeps the temporary directories of the last three runs, and removes older ones",
      },
      {
        kind: "cache",
        in: `${name.replace("pytest", "{pytest")}@any}`,
        by: PYTHON,
        why: "what a test leaves in its temporary directory is there for three runs, under counted names",
      },
    ]),
    ...scripted("python*"),
  ],
};
