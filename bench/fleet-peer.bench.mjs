/** Keylime's verifier beside isoline's, on the same machine, over answers of the same swtpm. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { contest } from "./fleet-peer/contest.mjs";
import { Keylime } from "./fleet-peer/keylime.mjs";
import { versionOf } from "./fleet-peer/keylime-setting.mjs";
import { served } from "./fleet-peer/served.mjs";

const PYTHON = "/usr/bin/python3";
const FETCH =
  "no source of Keylime; fetch https://github.com/keylime/keylime with git, and name its folder with --set keylime=FOLDER";

const PARTS = ["all", "judged", "served"];
/** Entries of IMA. */
const JUDGED = [{ entries: 100 }, { entries: 1000 }, { entries: 10_000 }, { entries: 100, withBootLog: true }];
const SERVED = [1000];

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "an attestation by Keylime's verifier and by isoline's",
  minutes: 30,
  method: `Both judge answers of the same node: a swtpm quotes twice, once for each, by one attestation key (ECDSA, P-256, SHA-256), and
registers 0 to 7 must be as expected. The list of IMA has entries of template ima-ng, and both replay it to register 10 of the SHA-256
bank and check the digest of each entry. A judgement goes from the bytes of the answer to the verdict, without network and database.
"First" is a node that the verifier does not know yet, "steady" one that attested before. Processor time is that of all threads, and of
the programs that Keylime starts. Before the figures are taken, both have to refuse a list with one altered entry.
Of a list that grew, both are sent what is new. **What Keylime does alone.** It asks for each file of the list in a runtime policy, which has as many files.
It reads that policy anew for each attestation; "its policy read once" leaves that out. It goes on from the last entry that it replayed,
and binds a key of the agent by register 16. **What isoline does alone.** It puts the whole evidence together each time, and goes on from
the end of the list that it replayed, whose bytes it knows by their digest. It signs a result (Ed25519), and reads the node's statement
about itself. No canister, ledger or bound state is part
of this. Keylime's log is silent. **Over TLS** both are processes of their own with their embedded store, the load on the same
processors, and at most ten attestations at once. Keylime asks its agents, on a new connection each time, and isoline's nodes send
by themselves, on a new connection each time or on one that is kept. Keylime reads and writes its database for each attestation, isoline
for none that is steady. A key in software signs the swtpm's quote anew for each question.
isoline's nodes have one canister there, without a register. \`--set keylime=FOLDER\` names the source of Keylime,
\`--set python=PROGRAM\` a Python that has what Keylime needs, \`--set part=judged|served\` runs one half.`,

  async run(session) {
    const { keylime: tree, python = PYTHON, part = "all" } = session.set;
    if (!PARTS.includes(part)) throw new Error(`expected part=${PARTS.join("|")}, got ${part}`);
    if (tree === undefined || !existsSync(join(tree, "keylime", "cloud_verifier_common.py"))) {
      session.skip("everything", tree === undefined ? FETCH : `no source of Keylime in ${tree}`);
      return [];
    }
    if (!session.has("everything", "swtpm", "tpm2_quote", "tpm2_eventlog", "openssl")) return [];
    const source = { tree: resolve(tree), python };
    const started = await Keylime.start(source.tree, source.python, session.folder("keylime")).catch(
      (/** @type {Error} */ fault) => session.skip("everything", `Keylime cannot be loaded: ${fault.message}`),
    );
    if (started === undefined) return [];
    const { keylime, version } = started;
    const about = `${versionOf(tree)}, Python ${version}`;
    session.say(about);
    try {
      const comparisons = [];
      if (part !== "all")
        session.skip(part === "judged" ? "both over TLS" : "judgements alone", `only part=${part} was asked for`);
      if (part !== "served")
        for (const order of session.quick ? [{ entries: 100 }] : JUDGED)
          comparisons.push(...(await contest(session, keylime, order)));
      if (part !== "judged")
        for (const entries of session.quick ? [100] : SERVED)
          comparisons.push(...(await served(session, source, entries)));
      return comparisons.map((one, at) => (at === 0 ? { ...one, notes: [...one.notes, about] } : one));
    } finally {
      keylime.end();
    }
  },
};
