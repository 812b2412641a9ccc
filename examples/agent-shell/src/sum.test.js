const assert = require("node:assert");
const { test } = require("node:test");
const { sum } = require("./sum.js");

test("a sum", () => assert.equal(sum(2, 3), 5));
