/** A traditional shell test script: many small programs, temporary files, pipes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** @type {import("../workloads.bench.mjs").Workload} */
export const shell = {
  name: "shell",
  what: (session) => `sh: ${cases(session)} test cases with sed, grep, sort, diff, mkdir, rm`,
  needs: ["sed", "grep", "diff"],

  prepare(session, store) {
    writeFileSync(join(store, "test.sh"), script(cases(session)));
  },

  command: (_, store) => ["/bin/sh", join(store, "test.sh")],
};

const cases = (/** @type {import("../harness/session.mjs").Session} */ { quick }) => (quick ? 10 : 60);

const script = (/** @type {number} */ count) => `set -e
passed=0
number=0
while [ $number -lt ${count} ]; do
  mkdir -p case
  cd case
  printf 'pear %s\\napple %s\\nfig %s\\n' $number $number $number >input
  sed 's/fig/plum/' input | sort >actual
  printf 'apple %s\\npear %s\\nplum %s\\n' $number $number $number >expected
  diff expected actual >difference
  [ "$(grep -c p actual)" -eq 3 ]
  cd ..
  rm -r case
  passed=$((passed + 1))
  number=$((number + 1))
done
echo "$passed passed"
`;
