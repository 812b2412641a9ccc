import { defineConfig } from "vitest/config";
import whole, { unitProjects } from "./vitest.config.ts";

/** `npm run test:unit` and `npm run test:watch`. */
export default defineConfig({ ...whole, test: { ...whole.test, projects: unitProjects } });
