/** Compiles thirty small C files, one after the other, and links them. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @type {import("../workloads.bench.mjs").Workload} */
export const compile = {
  name: "compile",
  what: (session) => `gcc: ${files(session)} small C files, one after the other, and link`,
  needs: ["gcc"],

  prepare(session, store) {
    const count = files(session);
    for (let file = 0; file < count; file++) writeFileSync(join(store, `part${file}.c`), part(file));
    writeFileSync(join(store, "main.c"), main(count));
    writeFileSync(
      join(store, "build.sh"),
      "set -e\nfor file in *.c; do gcc -O1 -c $file; done\ngcc -o program *.o\n./program\n",
    );
  },

  lay(folder, store) {
    cpSync(store, folder, { recursive: true });
  },

  command: () => ["/bin/sh", "build.sh"],
};

const files = (/** @type {import("../harness/session.mjs").Session} */ { quick }) => (quick ? 6 : 30);

const part = (/** @type {number} */ number) => `#include <stdio.h>
#include <string.h>
int part${number}(const char *text) {
  char copy[64];
  snprintf(copy, sizeof copy, "%s-%d", text, ${number});
  return (int)strlen(copy) + ${number};
}
`;

const main = (/** @type {number} */ count) => {
  const parts = Array.from({ length: count }, (_, number) => number);
  return `#include <stdio.h>
${parts.map((number) => `int part${number}(const char *text);`).join("\n")}
int main(void) {
  int sum = 0;
${parts.map((number) => `  sum += part${number}("part");`).join("\n")}
  return printf("%d\\n", sum) < 0;
}
`;
};
