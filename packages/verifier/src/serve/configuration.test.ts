import { expect, it } from "vitest";
import { configurationIn } from "./configuration.ts";

const having = (otlp: unknown) =>
  configurationIn({ listen: "127.0.0.1:8443", database: "pglite:store", keys: "keys", trust: "trust", otlp });

it("metrics are pushed to an address each minute, as a table says, or nowhere", () => {
  const url = "https://collector.example:4318/v1/metrics";
  expect(having(url).otlp).toEqual({ url, seconds: 60 });
  expect(having({ url: "http://[::1]:4318/v1/metrics", seconds: 5, ca: "ca.pem" }).otlp).toMatchObject({
    seconds: 5,
    ca: "ca.pem",
  });
  expect(having(undefined).otlp).toBeUndefined();
});

it.each(["http://pager.example/hook", "https://me:secret@pager.example/hook", "http://10.0.0.1/hook"])(
  "changes are not sent to %s, which would be in the clear or with a password",
  (url) => {
    const told = { listen: "127.0.0.1:8443", database: "pglite:store", keys: "keys", trust: "trust" };
    const refused = () => configurationIn({ ...told, webhooks: [{ name: "pager", url, secret: "secret-file" }] });
    expect(refused).toThrow("webhooks.0.url: expected https://… without a name or a password");
    expect(refused).not.toThrow("me:");
  },
);

it.each<[unknown, string]>([
  [
    "http://collector.example/v1/metrics",
    "otlp.url: expected https://HOST:PORT/v1/metrics, or http:// for this machine",
  ],
  ["https://collector.example", "otlp.url: expected the whole address"],
  ["ftp://collector.example/v1/metrics", "otlp.url: expected https://HOST:PORT/v1/metrics"],
  ["http://me:secret@collector.example/v1/metrics", "otlp.url: expected an address without a name, a password"],
  [7, "otlp: "],
  [{}, "otlp.url: "],
  [{ url: "http://127.0.0.1/v1/metrics", seconds: 0 }, "otlp.seconds: "],
  [{ url: "http://127.0.0.1/v1/metrics", every: 5 }, 'otlp: Unrecognized key: "every"'],
])("metrics to %j are refused, without a password in the refusal", (otlp, why) => {
  const refused = () => having(otlp);
  expect(refused).toThrow(why);
  expect(refused).not.toThrow("secret");
});
