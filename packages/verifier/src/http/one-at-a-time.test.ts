import { expect, it } from "vitest";
import { OneAtATime } from "./one-at-a-time.ts";

it("long work of one tenant is refused while such work runs, also after work that failed, and that of others goes on", async () => {
  const trying = new OneAtATime("one policy to be tried");
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
