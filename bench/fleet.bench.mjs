/** A verifier of a fleet: attestations a second, many nodes for minutes, and what becomes of them when something dies. */
import { Fleet } from "./fleet/benchmark.mjs";
import { held } from "./fleet/held.mjs";
import { killed } from "./fleet/killed.mjs";
import { restarted } from "./fleet/restarted.mjs";
import { restored } from "./fleet/restored.mjs";
import { steady } from "./fleet/steady.mjs";

/** Each may be asked for by itself, with `--set part=NAME`. Only the first can do without PostgreSQL. */
const parts = { steady, killed, restarted, restored, held };

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "a verifier of a fleet",
  minutes: 60,
  method: `The built isoline verifier over TLS, and load generators in processes of their own on the same processors. Evidence was signed
once by swtpm. Then each node writes its own challenge, times and bound state into it and signs it anew with its own P-256 key in
software, for the quote and for the certificate of the register. It has the form and the size of the TPM's. Whole evidence has
logs of boot (64 events), of IMA and of the node, one canister with a register and a bound state; the policy demands each. Nodes share a
few kept connections, as behind a balancer. \`--set part=steady|killed|restarted|restored|held\` runs one part, \`--set nodes=N\`,
\`minutes=M\`, \`due=SECONDS\`, \`slowest=SECONDS\` and \`seconds=S\` say how much of it, \`profile=FOLDER\` has Node write where the verifier's time went.`,

  async run(session) {
    if (!session.has("everything", "swtpm", "tpm2_quote", "openssl")) return [];
    const asked = session.set["part"];
    const chosen = Object.entries(parts).filter(([name]) => asked === undefined || name === asked);
    if (chosen.length === 0) throw new Error(`expected part=${Object.keys(parts).join("|")}, got ${asked}`);
    const fleet = await Fleet.open(session);
    try {
      const comparisons = [];
      for (const [name, part] of chosen) {
        if (name !== "steady" && fleet.postgres === undefined) continue;
        session.say(`${name} …`);
        comparisons.push(...(await part(fleet)));
      }
      return comparisons;
    } finally {
      await fleet.close();
    }
  },
};
