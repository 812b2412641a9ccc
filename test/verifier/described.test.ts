/** The API describes itself: each of its routes is in `/openapi.json`, and each that the page of the verifier names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BytesAtOnce } from "../../packages/verifier/src/http/bytes-at-once.ts";
import type { Door } from "../../packages/verifier/src/http/door.ts";
import { verifierApp } from "../../packages/verifier/src/http/app.ts";
import { repository } from "../../tools/run.mjs";

/** The routes are only looked at: nothing behind the door is asked. */
const closed = {
  metrics: { watch: () => {}, answered: () => {} },
  ...{ fleet: { store: {} }, limits: {}, bringing: {}, answers: new BytesAtOnce(2 ** 20) },
};
const app = verifierApp(closed as unknown as Door, { page: undefined, version: "0.1.0", failed: () => {} });

describe("/openapi.json", async () => {
  const document = (await (await app.request("/openapi.json", {}, {})).json()) as {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

  it("has every route, and no other", () => {
    expect(document.openapi).toBe("3.1.0");
    const routes = app.routes
      .filter(({ method, path }) => method !== "ALL" && path !== "/openapi.json")
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}")}`);
    expect([...new Set(routes)].toSorted()).toEqual(described.toSorted());
    expect(described.length).toBeGreaterThan(20);
  });

  it("has what the page of the verifier names", () => {
    const page = readFileSync(join(repository, "docs/verifier.md"), "utf8");
    const [, api = ""] = page.split("\n## API\n");
    const named = Array.from(
      (api.split("\n## ")[0] ?? "").matchAll(/`(?:[A-Z]+ )?(\/[a-z0-9-]+(?:\/[^`]*)?)`/g),
      ([, path]) => path,
    );
    const paths = [...Object.keys(document.paths), "/openapi.json"];
    expect(named.filter((path) => path !== undefined && !paths.includes(path))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });
});
