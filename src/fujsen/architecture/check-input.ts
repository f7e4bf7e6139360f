// Whether an architecture can be read: every number in range, every name a name, all problems told at once.
import { type Problem, TuskError } from "../../base/errors.js";
import type { ArchitectureRoute, ArchitectureService } from "./input.js";

export const mostServices = 1000;
const mostRoutes = 200;
const mostEdges = 100_000;
const mostProblems = 20;
/** Beyond it a number is a mistake, and sums of it would lose their last digits. */
const largest = 1e15;

export const unreadable = (problems: readonly Problem[]): TuskError =>
  new TuskError("REQUEST_INVALID", `the architecture cannot be read: ${problems[0]?.path} ${problems[0]?.message}`, {
    problems,
  });

type Fields = Readonly<Record<string, unknown>>;

/** Throws REQUEST_INVALID with every problem (at most 20), each with its path. */
export function checkInput(input: unknown): void {
  new Checker().whole(input);
}

class Checker {
  readonly #problems: Problem[] = [];

  #stop(): void {
    if (this.#problems.length > 0) throw unreadable(this.#problems);
  }

  whole(input: unknown): void {
    if (!isObject(input)) throw unreadable([{ path: "", message: "it is not an object" }]);
    this.#list(input.services, "services", mostServices, (service, path) => this.#service(service, path));
    this.#list(input.edges, "edges", mostEdges, (edge, path) => this.#edge(edge, path));
    this.#list(input.routes, "routes", mostRoutes, (route, path) => this.#route(route, path));
    // What follows reads names, which must be some.
    this.#stop();
    this.#once((input.services ?? []) as readonly ArchitectureService[]);
    this.#oneEntry((input.routes ?? []) as readonly ArchitectureRoute[]);
    this.#stop();
  }

  #service(service: Fields, path: string): void {
    this.#name(service, path, "name");
    this.#number(service, path, "replicas", { most: 10_000, whole: true });
    this.#number(service, path, "requests");
    this.#number(service, path, "latencyMs");
    this.#number(service, path, "availability", { most: 1 });
    const { stores, operations } = service;
    const isNames = Array.isArray(stores) && stores.every((store) => typeof store === "string" && store !== "");
    if (isGiven(stores) && !isNames) this.#add(`${path}.stores`, "is not a list of names");
    if (!isGiven(operations)) return;
    this.#list(operations, `${path}.operations`, mostServices, (operation, at) => {
      this.#name(operation, at, "name");
      for (const field of ["requests", "latencyMs"]) {
        if (isGiven(operation[field])) this.#number(operation, at, field);
        else this.#add(`${at}.${field}`, "is missing");
      }
    });
  }

  #edge(edge: Fields, path: string): void {
    this.#name(edge, path, "caller");
    this.#name(edge, path, "callee");
    this.#counts(edge, path);
    this.#number(edge, path, "timeoutMs");
    this.#number(edge, path, "retries", { most: 1000, whole: true });
    for (const field of ["breaker", "asynchronous"]) {
      if (isGiven(edge[field]) && typeof edge[field] !== "boolean")
        this.#add(`${path}.${field}`, "is not true or false");
    }
  }

  #route(route: Fields, path: string): void {
    this.#name(route, path, "name");
    this.#name(route, path, "service");
    this.#counts(route, path);
  }

  #counts(fields: Fields, path: string): void {
    for (const field of ["requests", "errors", "latencyMs"]) this.#number(fields, path, field);
    const { requests, errors } = fields;
    if (typeof errors !== "number" || !(errors > 0)) return;
    if (typeof requests !== "number") this.#add(`${path}.errors`, "has no requests that it could be of");
    else if (errors > requests) this.#add(`${path}.errors`, `is ${errors}, more than the ${requests} requests`);
  }

  #once(services: readonly ArchitectureService[]): void {
    const seen = new Set<string>();
    for (const [index, { name }] of services.entries()) {
      if (seen.has(name)) this.#add(`services[${index}].name`, `${JSON.stringify(name)} is there twice`);
      seen.add(name);
    }
  }

  #oneEntry(routes: readonly ArchitectureRoute[]): void {
    const entries = new Map<string, string>();
    for (const [index, { name, service }] of routes.entries()) {
      if ((entries.get(name) ?? service) !== service) this.#add(`routes[${index}].service`, "differs from before");
      entries.set(name, service);
    }
  }

  #list(value: unknown, path: string, most: number, check: (item: Fields, path: string) => void): void {
    if (value === undefined) return;
    if (!Array.isArray(value)) {
      this.#add(path, "is not a list");
      return;
    }
    if (value.length > most) {
      this.#add(path, `has ${value.length} entries, more than ${most}`);
      return;
    }
    for (const [index, item] of value.entries()) {
      if (isObject(item)) check(item, `${path}[${index}]`);
      else this.#add(`${path}[${index}]`, "is not an object");
    }
  }

  #name(fields: Fields, path: string, field: string): void {
    const value = fields[field];
    if (typeof value !== "string" || value === "" || value.length > 253) {
      this.#add(`${path}.${field}`, "is not a name of 1 to 253 characters");
    }
  }

  #number(fields: Fields, path: string, field: string, { most = largest, whole = false } = {}): void {
    const value = fields[field];
    if (!isGiven(value)) return;
    const fits = typeof value === "number" && value >= 0 && value <= most && (!whole || Number.isInteger(value));
    if (!fits) this.#add(`${path}.${field}`, `is not a ${whole ? "whole " : ""}number from 0 to ${most}`);
  }

  #add(path: string, message: string): void {
    if (this.#problems.length < mostProblems) this.#problems.push({ path, message });
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
