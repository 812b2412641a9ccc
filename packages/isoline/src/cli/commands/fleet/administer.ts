/** `isoline fleet token`, `revoke` and `audit`: what an operator does, and what operators did. */
import { audit, issueToken, revoke } from "../../../fleet/people.ts";
import type { Audited } from "../../../fleet/model.ts";
import { status } from "../../ending.ts";
import { printListed, printValue, type View } from "../../fleet/format.ts";
import { type FleetOptions, named, nodeIn, withServer } from "../../fleet/session.ts";
import { shown, stateText } from "../../fleet/words.ts";
import { note, printLine } from "../../output/streams.ts";

export interface FleetTokenOptions extends FleetOptions {
  readonly tenant: string;
  readonly name?: string;
  readonly selector?: readonly string[];
  /** Milliseconds. */
  readonly expires: number;
}

export async function fleetToken(options: FleetTokenOptions): Promise<number> {
  const { tenant, name, selector = [], expires, output } = options;
  const labels = Object.fromEntries(selector.map((each) => splitAt(each, each.indexOf("="))));
  const order = {
    tenant,
    expires: new Date(Date.now() + expires).toISOString(),
    ...(name === undefined ? {} : { name: named(name) }),
    ...(selector.length === 0 ? {} : { labels }),
  };
  const token = await withServer(options, (server) => issueToken(server, order));
  if (output === "json" || output === "yaml") await printValue(output, { isoline: 1, token, ...order });
  else {
    printLine(token);
    note(`for one enrolment in ${shown(tenant)}, until ${order.expires}; it is not shown again`);
  }
  return status.success;
}

export interface FleetRevokeOptions extends FleetOptions {
  readonly reason: string;
}

export async function fleetRevoke(name: string, options: FleetRevokeOptions): Promise<number> {
  const { output, reason } = options;
  const node = await withServer(options, (server) => revoke(server, nodeIn(name), reason));
  if (output === "json" || output === "yaml") await printValue(output, node);
  else printLine(`${shown(node.name)}: ${stateText(node.state)}`);
  return status.success;
}

export interface FleetAuditOptions extends FleetOptions {
  readonly limit: number;
}

export async function fleetAudit(options: FleetAuditOptions): Promise<number> {
  const listed = await withServer(options, (server) => audit(server, options.limit));
  await printListed(options.output, listed, view);
  return status.success;
}

const view: View<Audited> = {
  heading: ["AT", "WHO", "ACT", "OBJECT"],
  wide: ["DETAIL"],
  cells: ({ at, who, act, object }) => [shown(at), shown(who, 60), shown(act, 60), shown(object, 80)],
  wideCells: ({ detail }) => [shown(detail)],
  name: ({ at, act }) => `audit/${at}/${act}`,
};

const splitAt = (text: string, at: number) => [text.slice(0, at), text.slice(at + 1)] as const;
