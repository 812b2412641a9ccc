import { expect, it } from "vitest";
import { personIn } from "./oidc.ts";
import { keyOf } from "./people.ts";

const claims = { role: "isoline_role", tenant: "isoline_tenant", name: "email" };
const payload = { sub: "u-7", email: "ann@example.org", isoline_role: "operator", isoline_tenant: "acme" };

it.each([
  [{}, "u-7"],
  [{ email_verified: "true" }, "u-7"],
  [{ email_verified: true }, "ann@example.org"],
  [{ email_verified: false }, "u-7"],
  [{ email: undefined }, "u-7"],
])("a person with %j is called %s: not by an address that the provider has not verified", (more, name) => {
  expect(personIn({ ...payload, ...more }, claims)).toMatchObject({ name, tenant: "acme" });
});

it("people whose names are cut to the same are two for limits", () => {
  const named = (sub: string) => personIn({ ...payload, sub, email: undefined }, claims);
  const [one, other] = [named(`${"a".repeat(64)}1`), named(`${"a".repeat(64)}2`)];
  expect(one?.name).toBe(other?.name);
  expect(one && keyOf(one)).not.toBe(other && keyOf(other));
});
