import { expect, test } from "vitest";
import { covers, matches, overlap } from "./pattern";

test.each([
  ["*", "", true],
  ["*", "orders/Prod", true],
  ["ORDERS/*", "orders/prod", true],
  ["orders/*", "*/prod", true],
  ["a*c", "ab*", true],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["orders/*", "hello/*", false],
  ["*/stages/beta", "*/restapis/abc/stages/*", true],
  ["*/restapis/xyz/*", "arn:aws:apigateway:*::/restapis/abc/stages/*", true],
  ["arn:*::/restapis/xyz/stages/?", "arn:*::/restapis/abc/stages/?", false],
  ["us-east-1::/restapis/xyz/stages/*", "us-east-1::/restapis/abc/stages/*", false],
])("%j and %j have a text in common: %j", (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
  expect(overlap(other, one)).toBe(expected);
});

test.each([
  ["*", "", true],
  ["/Cart/*", "/cART/7", true],
  ["h?st", "hst", false],
  ["shop", "shop-admin", false],
  ["*ab", "aab", true],
  ["a?", "a*", true],
  ["ab", "a*", false],
])("%j matches the text %j: %j", (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

test.each([
  ["*", "*", true],
  ["*", "anything?", true],
  ["orders/*", "Orders/prod", true],
  ["orders/*", "orders/*", true],
  ["orders/*", "orders*", false],
  ["orders/?", "orders/*", false],
  ["orders/?", "orders/?", true],
  ["orders/a", "orders/?", false],
  ["*/stages/*", "arn:aws:apigateway:*::/restapis/abc/stages/*", true],
  ["", "*", false],
])("%j covers %j: %j", (general, special, expected) => {
  expect(covers(general, special)).toBe(expected);
});
