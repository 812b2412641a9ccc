import { expect, it } from "vitest";
import { BytesAtOnce } from "./bytes-at-once.ts";

it("a payer has so many bytes at a time, whatever others have, and all of them again afterwards", async () => {
  const bytes = new BytesAtOnce(10);
  let end = () => {};
  const first = bytes.run({ all: "tenant a" }, 6, () => new Promise<void>((resolve) => (end = resolve)));
  await expect(bytes.run({ all: "tenant a" }, 5, async () => {})).rejects.toMatchObject({ code: "too-many" });
  expect(await bytes.run({ all: "tenant a" }, 4, async () => "fits")).toBe("fits");
  expect(await bytes.run({ all: "tenant b" }, 10, async () => "another's")).toBe("another's");
  end();
  await first;
  expect(await bytes.run({ all: "tenant a" }, 10, async () => "all")).toBe("all");
});

it("a payer who has none gets more than it may have, and then no more", async () => {
  const bytes = new BytesAtOnce(16);
  const payer = { all: "people of acme", one: "person ola" };
  const end = bytes.begin(payer, 100);
  expect(() => bytes.begin(payer, 1)).toThrow("at most 4 bytes at a time of this caller, got 1 beside 100");
  end();
  expect(() => bytes.begin(payer, 1)).not.toThrow();
});

it("bytes of work that failed are free again", async () => {
  const bytes = new BytesAtOnce(10);
  await expect(bytes.run({ all: "tenant a" }, 10, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await bytes.run({ all: "tenant a" }, 10, async () => "all")).toBe("all");
});

it("one of those who share has a quarter, and leaves the rest to the others", async () => {
  const bytes = new BytesAtOnce(16);
  const [first, second] = ["node-1", "node-2"].map((one) => ({ all: "nodes of acme", one }));
  let end = () => {};
  const running = bytes.run(first!, 4, () => new Promise<void>((resolve) => (end = resolve)));
  await expect(bytes.run(first!, 1, async () => {})).rejects.toThrow("at most 4 bytes at a time of this caller, got 1");
  expect(await bytes.run(second!, 4, async () => "another's")).toBe("another's");
  end();
  await running;
  expect(await bytes.run(first!, 4, async () => "again")).toBe("again");
});
