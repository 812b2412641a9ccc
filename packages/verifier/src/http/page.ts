/** The page: static files, which are read once, and headers that let a browser run nothing else. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Door, Env } from "./door.ts";
import { holdAnswer } from "./held.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".woff2": "font/woff2",
};

/** Nothing inline, nothing from elsewhere, no frame around it, no form that leaves it (CSP Level 3). */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

interface File {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

export function pageRoutes(app: OpenAPIHono<Env>, door: Pick<Door, "answers">, folder: string): void {
  const files = filesIn(folder);
  const answer = (c: Context<Env>, path: string) => {
    const file = files.get(path);
    if (file === undefined) return c.notFound();
    holdAnswer(c, door, file.bytes.length);
    const cache = path.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return new Response(file.bytes, {
      headers: { "content-type": file.type, "content-security-policy": POLICY, "cache-control": cache },
    });
  };
  app.get("/", (c) => answer(c, "index.html"));
  app.get("/:file{[A-Za-z0-9_.-]+}", (c) => answer(c, c.req.param("file")));
  app.get("/assets/:file{[A-Za-z0-9_.-]+}", (c) => answer(c, `assets/${c.req.param("file")}`));
}

function filesIn(folder: string): ReadonlyMap<string, File> {
  const files = new Map<string, File>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length).replace(/^\//, ""), { bytes: Uint8Array.from(readFileSync(path)), type });
  }
  return files;
}
