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

const withServers = (servers: string) => {
  const told = { listen: "127.0.0.1:8443", database: "pglite:store", keys: "keys", trust: "trust" };
  return configurationIn({ ...told, nats: { servers } }).nats?.servers;
};

it.each(["127.0.0.1:4222", "localhost, nats://[::1]:4222", "tls://nats.example:4222,TLS://other.example"])(
  "changes are sent to the servers %s",
  (servers) => {
    expect(withServers(servers)).toBe(servers);
  },
);

it.each([
  ["nats.example:4222", "got one at nats://nats.example:4222; changes say which nodes fail"],
  ["127.0.0.1:4222,nats://10.0.0.1", "got one at nats://10.0.0.1; "],
  ["tls://me:secret@nats.example", "got one at tls://nats.example; "],
  ["me:secret@127.0.0.1", "got one at nats://127.0.0.1; "],
  ["nats://127.0.0.1/x://nats.example", "got one at nats://127.0.0.1; "],
  ["ws://127.0.0.1", "got one at ws://127.0.0.1"],
  ["secret://", "nats.servers: expected tls://HOST:PORT without a name or a password"],
  ["127.0.0.1,tls://nats.example", "nats.servers: expected tls:// for all servers or for none, got both"],
])("changes are not sent to the servers %s, which would be in the clear or with a password", (servers, why) => {
  expect(() => withServers(servers)).toThrow(why);
  expect(() => withServers(servers)).not.toThrow("me:");
});

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

const collecting = (collectAfter?: unknown) =>
  configurationIn({ listen: "127.0.0.1:8443", database: "pglite:store", keys: "keys", trust: "trust", collectAfter });

it("nodes are collected after 30 days, so many days, or never", () => {
  expect([undefined, 1, 3650, "never"].map((told) => collecting(told).collectAfter)).toEqual([30, 1, 3650, "never"]);
});

it.each([0, 0.5, 3651, "30", "30d", "no", null, false])("nodes are not collected after %j days", (told) => {
  expect(() => collecting(told)).toThrow("collectAfter: expected a number of days from 1 to 3650, or never");
});
