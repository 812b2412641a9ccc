import { defineConfig } from "vitest/config";
import whole, { unit } from "./vitest.config.ts";

const { projects: _, ...shared } = whole.test ?? {};

/** `npm run test:unit` and `npm run test:watch`. */
export default defineConfig({ ...whole, test: { ...shared, ...unit } });
