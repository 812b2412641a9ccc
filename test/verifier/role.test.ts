/** A verifier whose role owns none of the tables: what it may do, what it may not, and what an operator is told. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { needsPostgres, PostgresServer } from "./postgres.ts";
import { prepare } from "./prepared.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

describe.skipIf(needsPostgres)("a role that owns nothing (needs Debian's postgresql)", () => {
  const server = new PostgresServer();
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  let granted = 0;

  beforeAll(async () => {
    await server.start();
    await prepare(server, "fleet");
    await rig.enrol([node], server.address("fleet"));
    await rig.start({ database: server.address("fleet") });
    await rig.rules();
  });
  afterAll(async () => {
    await rig.close();
    await server.close();
  });

  it("judges evidence, and lets people act", async () => {
    expect((await rig.attest(node)).body).toMatchObject({ state: "affirming" });
    expect((await rig.call("POST", "/v1/nodes/node-1/revocation", { body: { reason: "sold" } })).body).toMatchObject({
      state: "revoked",
    });
    expect((await rig.get("/v1/audit")).body).toMatchObject({ items: [{ object: "node-1" }, {}, {}] });
  });

  it.each([
    "update audit set who = 'another'",
    "delete from audit",
    "truncate audit",
    "update policies set file = ''",
    "delete from policies",
    "delete from revocations",
    "drop table audit",
    "alter table nodes drop column token",
    "create table more (name text)",
    "insert into kysely_migration values ('9999', '')",
  ])("may not: %s", (statement) => {
    expect(server.say(server.address("fleet"), statement)).toMatch(/^ERROR: {2}42501: /m);
  });

  it("opens no tables of an earlier form, and says what to do", async () => {
    server.say(
      server.ownerAddress("fleet"),
      "delete from kysely_migration where name = (select max(name) from kysely_migration)",
    );
    await expect(stores.openStore(server.address("fleet"))).rejects.toThrow(
      /(?:must be owner of|permission denied for) .*isoline verifier --grant ROLE/,
    );
  });

  it("that lacks a right opens nothing, and is told what to do", async () => {
    await prepare(server, "lacking");
    server.say(server.ownerAddress("lacking"), "revoke insert on audit from verifier");
    await expect(stores.openStore(server.address("lacking"))).rejects.toThrow(
      /a role that may insert audit, got one that may not; call isoline verifier --grant ROLE/,
    );
  });

  it("is granted nothing where it could change the tables all the same, or is none", async () => {
    server.create("other");
    const address = server.ownerAddress("other");
    const grantTo = (role: string) => stores.prepareStore(address, role);
    await expect(grantTo("fleet")).rejects.toThrow(/got "fleet", which owns tables, or is a member of their owner/);
    await expect(grantTo("isoline")).rejects.toThrow(/got "isoline", which is a superuser/);
    server.say(address, "grant create on schema public to verifier");
    await expect(grantTo("verifier")).rejects.toThrow(/which may make tables: revoke create on schema public/);
    server.say(address, "revoke create on schema public from verifier");
    await grantTo("verifier");
    server.say(server.superuserAddress("other"), "grant fleet to verifier");
    await expect(grantTo("verifier")).rejects.toThrow(/got "verifier", which owns tables, or is a member/);
    server.say(server.superuserAddress("other"), "revoke fleet from verifier");
    await expect(stores.prepareStore(address, 'x"; drop table nodes; --')).rejects.toThrow(/which there is none of/);
    await expect(stores.prepareStore("pglite:/nowhere", "verifier")).rejects.toThrow(/which has no roles/);
  });

  it.each([
    [
      "grant pg_write_all_data to verifier",
      "revoke pg_write_all_data from verifier",
      /is a member of pg_write_all_data/,
    ],
    [
      "grant pg_execute_server_program to verifier",
      "revoke pg_execute_server_program from verifier",
      /is a member of pg_ex/,
    ],
    [
      "create role powerful superuser; grant powerful to verifier",
      "drop role powerful",
      /is a member of powerful, which may do more/,
    ],
    [
      "create role makes createrole; grant makes to verifier",
      "drop role makes",
      /is a member of makes, which may do more/,
    ],
    [
      "grant delete on audit to public",
      "revoke delete on audit from public",
      /may delete audit, by public or a role .*: revoke delete/,
    ],
    ["grant truncate on audit to public", "revoke truncate on audit from public", /may truncate audit/],
    ["grant trigger on policies to public", "revoke trigger on policies from public", /may trigger policies/],
    ["grant update (who) on audit to public", "revoke update (who) on audit from public", /may update audit/],
    ["grant update on audit_id_seq to public", "revoke update on audit_id_seq from public", /may update audit_id_seq/],
    [
      "create role clerk; grant delete on audit to clerk; alter role verifier noinherit; grant clerk to verifier",
      "revoke delete on audit from clerk; drop role clerk; alter role verifier inherit",
      /may delete audit, by public or a role that it is a member of/,
    ],
    [
      "create role maker; grant create on schema public to maker; grant maker to verifier",
      "drop owned by maker; drop role maker",
      /may make tables/,
    ],
  ])("is granted nothing after: %s", async (given, taken, refusal) => {
    const database = `after-${++granted}`;
    await prepare(server, database);
    const [owner, superuser] = [server.ownerAddress(database), server.superuserAddress(database)];
    const grant = () => stores.prepareStore(owner, "verifier");
    await grant();
    server.say(superuser, given);
    await expect(grant()).rejects.toThrow(refusal);
    expect(server.say(superuser, taken)).not.toContain("ERROR");
    await grant();
  });

  it.skipIf(!isBuilt)("is prepared by the command line, as often as one likes", async () => {
    server.create("said");
    const config = join(rig.place, "owner.yaml");
    writeFileSync(config, JSON.stringify(rig.configuration({ database: server.ownerAddress("said") })), {
      mode: 0o600,
    });
    for (const _ of [1, 2])
      expect(await isoline(["verifier", "--config", config, "--grant", "verifier"], { cwd: rig.place })).toMatchObject({
        status: 0,
        stdout: "",
        stderr: expect.stringContaining("the database has its tables, and verifier may use them as a verifier does"),
      });
  });
});
