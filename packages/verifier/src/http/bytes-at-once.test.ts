import { expect, it } from "vitest";
import { BytesAtOnce } from "./bytes-at-once.ts";

it("a payer has so many bytes at a time, whatever others have, and all of them again afterwards", async () => {
  const bytes = new BytesAtOnce(10);
  let end = () => {};
  const first = bytes.run("tenant a", 6, () => new Promise<void>((resolve) => (end = resolve)));
  await expect(bytes.run("tenant a", 5, async () => {})).rejects.toMatchObject({ code: "too-many" });
  expect(await bytes.run("tenant a", 4, async () => "fits")).toBe("fits");
  expect(await bytes.run("tenant b", 10, async () => "another's")).toBe("another's");
  end();
  await first;
  expect(await bytes.run("tenant a", 10, async () => "all")).toBe("all");
});

it("bytes of work that failed are free again", async () => {
  const bytes = new BytesAtOnce(10);
  await expect(bytes.run("tenant a", 10, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await bytes.run("tenant a", 10, async () => "all")).toBe("all");
});
