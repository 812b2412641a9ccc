/** Rows of the matrix: when, who, and what was booted. */
import { QUOTED_REGISTERS } from "../../packages/attest/src/appraise/index.ts";
import { attestationKey, encode, objectAttributes, publicArea } from "../../packages/attest/src/tpm/index.ts";
import { type Row, bytes, digest, fresh, softwareKey } from "./bench.ts";
import { Node } from "./node.ts";
import { policy, questionFor } from "./verifier.ts";

/** Behind the header of the log: register, type, count, algorithm, then the digest of the first event. */
const HEADER_BYTES = 65;

export const platformRows: readonly Row[] = [
  {
    group: "When",
    forgery: "evidence that answered an earlier challenge",
    caught: "freshness: stale",
    send: async (bench) => ({ evidence: await bench.honest({}, fresh()) }),
  },
  {
    group: "When",
    forgery: "the same, with the new challenge written into it",
    caught: "quote: broken-evidence",
    send: async (bench) => ({ evidence: { ...(await bench.honest({}, fresh())), challenge: bench.challenge } }),
  },
  {
    group: "When",
    forgery: "a node whose clock is a day late",
    caught: "node-clock: untrusted-platform",
    send: async (bench) => ({ evidence: await bench.honest({ node: { made: 1_790_000_000_000 - 86_400_000 } }) }),
  },
  {
    group: "When",
    forgery: "evidence from before the last accepted one",
    caught: "counters: rollback",
    send: async (bench) => {
      const evidence = await bench.honest();
      return { evidence, question: { last: await bench.accepted() } };
    },
  },
  {
    group: "When",
    forgery: "the TPM's count of resets went back",
    caught: "counters: rollback",
    send: async (bench) => {
      const last = await bench.accepted();
      const clock = { ...last.clock!, resetCount: last.clock!.resetCount + 1 };
      return { evidence: await bench.honest(), question: { last: { ...last, clock } } };
    },
  },
  {
    group: "When",
    forgery: "a policy that is older than the one by which the node was accepted",
    caught: "policy: rollback",
    send: async (bench) => ({
      evidence: await bench.honest(),
      question: { policy: policy({ version: 1 }), last: await bench.accepted() },
    }),
  },
  {
    group: "Who",
    forgery: "another node's evidence",
    caught: "chain: untrusted-platform",
    send: async (bench) => {
      const other = await new Node().boot();
      const web = await other.bear("web");
      const evidence = await other.evidence(bench.challenge, [other.told("web", web)]);
      await other.close();
      return { evidence };
    },
  },
  {
    group: "Who",
    forgery: "another node's evidence under this node's name",
    caught: "chain: untrusted-platform",
    send: async (bench) => {
      const other = await new Node().boot();
      const evidence = await other.evidence(bench.challenge, [], { node: { node: bench.node.id } });
      await other.close();
      return { evidence };
    },
  },
  {
    group: "Who",
    forgery: "an attestation key of software instead of the enrolled one",
    caught: "chain: untrusted-platform",
    send: async (bench) => {
      const { key, signed } = softwareKey();
      const evidence = await bench.honest();
      const quote = { ...evidence.quote!, key: encode(publicArea, key), signature: signed(evidence.quote!.message) };
      return { evidence: { ...evidence, quote } };
    },
  },
  {
    group: "Who",
    forgery: "the same, with the enrolled key's name beside it",
    caught: "quote: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const quote = { ...evidence.quote!, signature: softwareKey().signed(evidence.quote!.message) };
      return { evidence: { ...evidence, quote } };
    },
  },
  {
    group: "Who",
    forgery: "an enrolled key that is not restricted, and so signs what its owner likes",
    caught: "chain: broken-evidence",
    send: async (bench) => {
      const { key, signed } = softwareKey(attestationKey.value.attributes & ~objectAttributes.restricted);
      const evidence = await bench.honest();
      const quote = { ...evidence.quote!, key: encode(publicArea, key), signature: signed(evidence.quote!.message) };
      const question = questionFor(bench.node, bench.challenge);
      const nodes = [{ id: bench.node.id, attestationKey: key }];
      return { evidence: { ...evidence, quote }, question: { trust: { ...question.trust, nodes } } };
    },
  },
  {
    group: "Who",
    forgery: "no quote at all",
    caught: "chain: untrusted-platform",
    send: async (bench) => {
      const { quote: _, ...evidence } = await bench.honest();
      return { evidence };
    },
  },
  {
    group: "Boot",
    forgery: "a quote over fewer registers",
    caught: "quote: broken-evidence",
    send: async (bench) => ({ evidence: await bench.honest({ registers: QUOTED_REGISTERS.slice(1) }) }),
  },
  {
    group: "Boot",
    forgery: "a quote over other registers, with the values of those that were asked for",
    caught: "quote: broken-evidence",
    send: async (bench) => {
      const asked = await bench.honest();
      const other = await bench.honest({ registers: [...QUOTED_REGISTERS.slice(1), 16] });
      return { evidence: { ...other, quote: { ...other.quote!, registers: asked.quote!.registers } } };
    },
  },
  {
    group: "Boot",
    forgery: "values beside the quote that the TPM does not have",
    caught: "quote: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const registers = evidence.quote!.registers.map((one) => (one.number === 4 ? { ...one, value: digest(1) } : one));
      return { evidence: { ...evidence, quote: { ...evidence.quote!, registers } } };
    },
  },
  {
    group: "Boot",
    forgery: "the firmware's log with the digest of one event altered",
    caught: "boot-log: broken-evidence",
    send: async (bench) => {
      const bootLog = bytes(bench.node.bootLog);
      bootLog[HEADER_BYTES + 20]! ^= 1;
      return { evidence: await bench.honest({ proofs: { bootLog } }) };
    },
  },
  {
    group: "Boot",
    forgery: "the firmware's log left out",
    caught: "boot-log: incomplete",
    send: async (bench) => {
      const { bootLog: _, ...evidence } = await bench.honest();
      return { evidence };
    },
  },
  {
    group: "Boot",
    forgery: "the kernel's list with an entry altered",
    caught: "ima-list: broken-evidence",
    send: async (bench) => {
      const imaList = bytes(bench.node.imaList);
      imaList[imaList.length - 3]! ^= 1;
      return { evidence: await bench.honest({ proofs: { imaList } }) };
    },
  },
  {
    group: "Boot",
    forgery: "the kernel's list with an entry dropped",
    caught: "ima-list: broken-evidence",
    send: async (bench) => {
      const last = bench.node.imaList.length / 3;
      return {
        evidence: await bench.honest({ proofs: { imaList: bench.node.imaList.subarray(0, Math.floor(2 * last) - 1) } }),
      };
    },
  },
  {
    group: "Boot",
    forgery: "a list of no files, of a kernel that measures none, where a list is demanded",
    caught: "ima-list: incomplete",
    send: async (bench) => {
      await bench.node.software.stop();
      await bench.node.boot(undefined, null);
      await bench.bear();
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Boot",
    forgery: "another firmware, truthfully told",
    caught: "boot: untrusted-platform",
    send: async (bench) => {
      const other = await new Node().boot([[0, "firmware 0.9"]]);
      const evidence = await other.evidence(bench.challenge, []);
      const question = questionFor(bench.node, bench.challenge);
      const nodes = [{ id: other.id, attestationKey: other.key }];
      await other.close();
      return { evidence, question: { node: other.id, trust: { ...question.trust, nodes } } };
    },
  },
  {
    group: "Boot",
    forgery: "another build of isoline",
    caught: "software: untrusted-platform",
    send: async (bench) => ({
      evidence: await bench.honest({ node: { build: { version: "0.1.0", digest: digest(9) } } }),
    }),
  },
  {
    group: "Boot",
    forgery: "another sensor's programs in the kernel",
    caught: "software: untrusted-platform",
    send: async (bench) => {
      const programs = [{ name: "file_open", digest: digest(9) }];
      return { evidence: await bench.honest({ node: { sensors: [{ sensor: "bpf", programs }] } }) };
    },
  },
  {
    group: "Boot",
    forgery: "a program of the sensor left out of the kernel",
    caught: "software: untrusted-platform",
    send: async (bench) => ({
      evidence: await bench.honest({ node: { sensors: [{ sensor: "bpf", programs: [] }] } }),
    }),
  },
  {
    group: "Boot",
    forgery: "a canister under the bpf sensor, and no word of its programs",
    caught: "rules: untrusted-platform",
    send: async (bench) => ({
      evidence: await bench.honest({ node: { sensors: [{ sensor: "seccomp", programs: [] }] } }),
    }),
  },
  {
    group: "Boot",
    forgery: "a node that says that something was lost",
    caught: "node-losses: incomplete",
    send: async (bench) => ({ evidence: await bench.honest({ node: { losses: ["the kernel's list was cut"] } }) }),
  },
];
