import { Contour } from "@isoline/core/contour";
import { ZERO_DIGEST } from "@isoline/core/digest";
import type { Event } from "@isoline/core/event";
import { canonicalPolicy, DEFAULT_POLICY } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { expect, it } from "vitest";
import { Renewal } from "../seccomp/hosts/renewal.ts";
import { HostNames } from "./host-names.ts";
import { HostsOnContour } from "./hosts-on-contour.ts";

const IDS = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
const ACTOR = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: { ...IDS, capabilities: 0n } };

const reach = (address: string): Event => ({
  op: "connect",
  actor: ACTOR,
  subject: { family: "inet", type: "stream", address },
});

function reaching(...addresses: readonly string[]): Contour {
  const contour = Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });
  for (const address of addresses) contour.add(reach(address));
  contour.seal();
  return contour;
}

it("are those of the contour that is in force, and by the port that they are reached at", () => {
  let contour = reaching("one.example:443", "192.0.2.1:443", "other.example:80");
  const hosts = new HostsOnContour(() => contour);
  expect([hosts.at(443), hosts.at(80), hosts.at(22)]).toEqual([["one.example"], ["other.example"], []]);
  contour = reaching("one.example:443", "192.0.2.1:443", "other.example:80", "new.example:443");
  expect(hosts.at(443)).toEqual(["one.example", "new.example"]);
  contour = reaching("one.example:443", "192.0.2.1:443", "other.example:80", "newer.example:443");
  expect(hosts.at(443)).toEqual(["one.example", "newer.example"]);
});

it("are looked up when an address is reached to which none leads, and again once the contour was amended", () => {
  let contour = reaching("one.example:443");
  const begun: string[] = [];
  const names = new HostNames(
    () => contour,
    { mode: "enforce" },
    (name) => begun.push(name),
  );
  const renewal = new Renewal(names);
  let decided = 0;
  const begins = () =>
    renewal.begins("198.51.100.7:443", 1, () => () => {
      decided += 1;
    });
  expect([begins(), begun]).toEqual([true, ["one.example"]]);
  names.lookedUp("one.example", "no-such-host");
  expect([decided, begins()]).toEqual([1, false]);
  contour = reaching("one.example:443", "new.example:443");
  expect([begins(), begun]).toEqual([true, ["one.example", "one.example", "new.example"]]);
  for (const name of ["one.example", "new.example"]) names.lookedUp(name, "no-such-host");
  expect([decided, begins()]).toEqual([2, false]);
});
