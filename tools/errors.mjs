/** `npm run docs`: writes the pages that are made from the sources. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_PAGE, errorPage } from "./error-page.mjs";
import { repository } from "./run.mjs";

writeFileSync(join(repository, ERROR_PAGE), errorPage(repository));
console.log(`wrote ${ERROR_PAGE}`);
