/** What a node without a TPM and a verifier say to each other, step by step, so that a test can change each. */
import type { Enrolled, EnrolmentBegun, Node, Refusal, Result } from "../../packages/verifier/src/http/model.ts";
import type { Answered, MachineNode } from "./machine-node.ts";
import type { Rig } from "./rig.ts";

/** How an answer is made, if not rightly. */
export type How = Answered;

export function dealings(rig: Rig) {
  const token = async (more: object = {}): Promise<string> => {
    const expires = new Date(Date.now() + 600_000).toISOString();
    const body = { tenant: "acme", expires, ...more };
    return (await rig.call<{ token: string }>("POST", "/v1/enrolment-tokens", { body })).body.token;
  };
  const begin = <T = EnrolmentBegun>(node: MachineNode, told: string, request = node.request) =>
    rig.call<T>("POST", "/v1/enrolments", { token: "", body: { name: node.name, token: told, request } });
  const end = <T = Enrolled>(enrolment: string, text: string) =>
    rig.call<T>("POST", `/v1/enrolments/${enrolment}/answer`, { token: "", body: { answer: text } });
  /** The status, and what is said. */
  const said = ({ status, body }: { readonly status: number; readonly body: unknown }) =>
    `${status} ${(body as Partial<Refusal>).error?.message ?? "enrolled"}`;
  const enrol = async (node: MachineNode, { more = {}, how }: { more?: object; how?: How } = {}): Promise<string> => {
    const begun = await begin(node, await token(more));
    if (begun.status !== 200) return said(begun);
    const ended = await end(begun.body.enrolment, await node.answer(begun.body.challenge, how));
    if (ended.status === 200) node.token = ended.body.nodeToken;
    return said(ended);
  };
  const challengeFor = async ({ name, token: own }: MachineNode): Promise<string> =>
    (await rig.get<{ challenge: string }>(`/v1/nodes/${name}/challenge`, own)).body.challenge;
  const send = async (node: MachineNode, challenge: string, body: Uint8Array): Promise<Result> => {
    const headers = { "isoline-challenge": challenge, "content-type": "application/cbor" };
    return (await rig.call<Result>("POST", `/v1/nodes/${node.name}/attestations`, { token: node.token, body, headers }))
      .body;
  };
  const attest = async (node: MachineNode, how: Parameters<MachineNode["evidence"]>[1] = {}): Promise<Result> => {
    const asked = await rig.get<{ challenge?: string }>(`/v1/nodes/${node.name}/challenge`, node.token);
    const { challenge } = asked.body;
    // A node that was revoked gets none.
    if (challenge === undefined) return asked.body as Result;
    return send(node, challenge, await node.evidence(Buffer.from(challenge, "hex"), how));
  };
  const shown = async (name: string): Promise<Node> => (await rig.get<Node>(`/v1/nodes/${name}`)).body;
  return { token, begin, end, said, enrol, challengeFor, send, attest, shown };
}
