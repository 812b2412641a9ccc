const { readFileSync } = require("node:fs");
const { join } = require("node:path");

/** New in 1.1.0: letters of other languages, from a table. */
const letters = JSON.parse(readFileSync(join(__dirname, "letters.json"), "utf8"));

exports.slug = (title) =>
  title
    .toLowerCase()
    .replace(/[^\x00-\x7f]/g, (letter) => letters[letter] ?? "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
