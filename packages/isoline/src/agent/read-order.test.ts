import { describe, expect, it } from "vitest";
import { readLabel } from "../namespace/label.ts";
import { readRunOrder } from "./read-order.ts";

const tpm = { address: "unix:/run/tpm", ledger: "/var/lib/isoline/ledger", pcr: 13 };
const places = { cwd: "/", home: "/root", temp: [], uid: 0, gid: 0, ephemeralPorts: [32768, 60999] };
const plan = { mode: "enforce", contour: "/web.contour", sensor: "bpf", places, landlock: false, label: "db\nsleep 1" };
const about = { contour: "web.contour", command: ["sleep", "1"] };
const read = (more: object) => readRunOrder({ plan: { ...plan, ...more }, about, command: "sleep 1", ...more }, 42);
const namesIn = ({ name, plan: { label = "" } }: ReturnType<typeof read>) => [name, readLabel(label).name];

describe("an order for a namespace", () => {
  it("has one name, by which both the control socket and the ledger of a TPM call it", () => {
    expect(namesIn(read({ name: "web", tpm }))).toEqual(["web", "web"]);
    expect(namesIn(read({ name: "web" }))).toEqual(["web", "web"]);
  });

  it("gets a name of its own where it has none, and a TPM records it", () => {
    const [socket, ledger] = namesIn(read({ tpm }));
    expect(socket).toMatch(/^[0-9a-f]{8}$/);
    expect(ledger).toBe(socket);
    expect(namesIn(read({ tpm }))[0]).not.toBe(socket);
    expect(namesIn(read({}))).toEqual([undefined, undefined]);
  });
});
