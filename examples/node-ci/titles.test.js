const assert = require("node:assert");
const { test } = require("node:test");
const { address } = require("./titles.js");

test("a title becomes an address", () => {
  assert.equal(address("Same behaviour, same state"), "/posts/same-behaviour-same-state");
});
