/** Which failures the operator is told of. */
import { expect, it } from "vitest";
import { verifierApp } from "./app.ts";
import type { Door } from "./door.ts";

it.each([
  ["57014", 503, true],
  ["40P01", 503, true],
  ["42601", 500, true],
  ["57P01", 503, false],
])("a fault %s of the database is answered with %i; the operator is told: %s", async (code, status, isTold) => {
  const fault = Object.assign(new Error("in the words of the database"), { code });
  const fleet = {
    store: {},
    get lease() {
      throw fault;
    },
  };
  const metrics = { watch: () => {}, answered: () => {}, refused: () => {} };
  const told: unknown[] = [];
  const door = { metrics, fleet, limits: {}, bringing: {} } as unknown as Door;
  const app = verifierApp(door, { page: undefined, version: "0.1.0", failed: (failure) => told.push(failure) });
  expect((await app.request("/readyz", {}, {})).status).toBe(status);
  expect(told).toEqual(isTold ? [fault] : []);
});
