// Specs for tests of the model and of the layers above it: parsed from text, so that they have every default.
import assert from "node:assert/strict";
import type { AppSpec, ParsedSpec } from "../../src/model/app-spec.js";
import { type ParseOptions, parseSpecText } from "../../src/model/parse-spec.js";

export function parsedOf(text: string, options?: ParseOptions): ParsedSpec {
  const result = parseSpecText(text, "tusk.yaml", options);
  if (!result.ok) assert.fail(JSON.stringify(result.problems, null, 2));
  return result.parsed;
}

export function specOf(text: string, options?: ParseOptions): AppSpec {
  return parsedOf(text, options).spec;
}

export const shopYaml = `name: shop
services:
  - { name: users, path: ./users, run: node server.js, replicas: 2, route: /users }
  - { name: orders, path: ./orders, run: [python3, server.py], route: /orders, calls: [users] }
gateway: { port: 8080 }
`;
