import { expect, it } from "vitest";
import { AtOnce } from "./at-once.ts";

it("long work of one tenant is refused while such work runs, also after work that failed, and that of others goes on", async () => {
  const trying = new AtOnce("one policy to be tried");
  let end: (value: string) => void = () => {};
  const first = new Promise<string>((resolve) => {
    end = resolve;
  });
  const running = trying.run("acme", () => first);
  await expect(trying.run("acme", async () => "second")).rejects.toMatchObject({ code: "too-many" });
  expect(await trying.run("umbrella", async () => "other")).toBe("other");
  expect(await trying.run(undefined, async () => "all")).toBe("all");
  end("first");
  expect(await running).toBe("first");
  await expect(trying.run("acme", () => Promise.reject(new Error("no policy")))).rejects.toThrow("no policy");
  expect(await trying.run("acme", async () => "again")).toBe("again");
});

it("so much work of one caller runs at a time as may, and the next one when a piece has ended", async () => {
  const busy = new AtOnce("2 requests", 2);
  const ends: (() => void)[] = [];
  const begun = () => busy.run("node-1", () => new Promise<void>((resolve) => ends.push(resolve)));
  const [first, second] = [begun(), begun()];
  await expect(begun()).rejects.toThrow("expected 2 requests at a time, got another; ask again when it has ended");
  ends[0]?.();
  await first;
  const third = begun();
  await expect(begun()).rejects.toMatchObject({ code: "too-many" });
  for (const end of ends) end();
  await Promise.all([second, third]);
});
