// From a spec to what its templates see: names ready to be put into code, and the facts that choose files and lines.
// Every problem of the spec is found here, before anything is rendered or written.
import { type Problem, TuskError } from "../base/errors.js";
import { nameHint } from "../base/nearest-name.js";
import { pascalCase, pluralOf, resourceOf, snakeCase } from "./resource-name.js";
import type { ServiceCall, ServiceCodeSpec } from "./service-code.js";
import { canonicalDependency, type TemplateManifest } from "./template-registry.js";

/** A resource under each of the names that code gives it. */
export interface ResourceView {
  /** `shopping cart`, for sentences. */
  readonly label: string;
  readonly labels: string;
  /** `shopping_cart`, for parts of names; may be a reserved word by itself. */
  readonly one: string;
  readonly many: string;
  /** `ShoppingCart`, always used with a suffix. */
  readonly type: string;
  /** `/shopping-carts`. */
  readonly path: string;
}

export interface CallView {
  readonly name: string;
  readonly kind: "check" | "command";
  readonly module: string;
  readonly type: string;
  /** Of the variable with its address: `USER_SERVICE_URL`. */
  readonly variable: string;
  readonly setting: string;
  /** Of the resource: what refers to it, `user_id`. */
  readonly field: string;
  readonly resource: ResourceView;
}

/** What a resource holds beside its id and its times. */
export interface FieldView {
  readonly name: string;
  /** `state` and `link` are set by the service alone. */
  readonly role: "text" | "note" | "amount" | "currency" | "reference" | "state" | "link";
  /** May be changed after creation. */
  readonly mutable: boolean;
}

export interface TemplateView {
  readonly name: string;
  readonly resource: ResourceView;
  readonly fields: readonly FieldView[];
  /** Of the resource's own code. */
  readonly package: string;
  readonly has: Readonly<Record<string, boolean>>;
  readonly calls: readonly CallView[];
  readonly checks: readonly CallView[];
  readonly commands: readonly CallView[];
  /** For the read-me: which variables configure what. */
  readonly variables: readonly { readonly name: string; readonly purpose: string }[];
}

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Throws SPEC_INVALID with all that is wrong. */
export function createTemplateView(spec: ServiceCodeSpec, template: TemplateManifest): TemplateView {
  const problems = [...nameProblems(spec), ...dependencyProblems(spec, template)];
  if (problems.length > 0) throw new TuskError("SPEC_INVALID", "the service cannot be generated", { problems });
  const resource = viewResource(spec.resource ?? resourceOf(spec.name));
  const calls = viewCalls(spec.calls, template);
  const has = factsOf(spec, template, calls);
  const many = resource.many;
  return {
    name: spec.name,
    resource,
    fields: fieldsOf(has, calls),
    package: template.reservedModules.includes(many) ? `${many}_api` : safeName(many, template),
    has,
    calls,
    checks: calls.filter((call) => call.kind === "check"),
    commands: calls.filter((call) => call.kind === "command"),
    variables: usedDependencies(spec, template).flatMap((name) => template.dependencies[name]?.variables ?? []),
  };
}

/** The template's own names of those that shape the code, each once. */
export function usedDependencies(spec: Pick<ServiceCodeSpec, "dependencies">, template: TemplateManifest): string[] {
  const known = spec.dependencies.map((name) => canonicalDependency(template, name));
  return [...new Set(known.filter((name): name is string => typeof name === "string"))];
}

function factsOf(spec: ServiceCodeSpec, template: TemplateManifest, calls: readonly CallView[]) {
  const used = usedDependencies(spec, template);
  const facts = Object.fromEntries(Object.keys(template.dependencies).map((name) => [name, used.includes(name)]));
  const payments = used.some((name) => template.dependencies[name]?.payments);
  const commands = calls.some((call) => call.kind === "command");
  return {
    ...facts,
    payments,
    calls: calls.length > 0,
    amount: payments || commands,
    idempotency: payments || commands,
  };
}

function fieldsOf(has: Readonly<Record<string, boolean>>, calls: readonly CallView[]): readonly FieldView[] {
  const field = (name: string, role: FieldView["role"], mutable = false): FieldView => ({ name, role, mutable });
  return [
    ...(has.payments
      ? [field("reference", "text", true)]
      : [field("name", "text", true), field("description", "note", true)]),
    ...calls.filter((call) => call.kind === "check").map((call) => field(call.field, "reference")),
    ...(has.amount ? [field("amount", "amount"), field("currency", "currency")] : []),
    ...calls.filter((call) => call.kind === "command").map((call) => field(call.field, "link")),
    ...(has.payments ? [field("status", "state"), field("provider_reference", "link")] : []),
  ];
}

function viewCalls(calls: readonly ServiceCall[], template: TemplateManifest): readonly CallView[] {
  const resources = calls.map((call) => call.resource ?? resourceOf(call.name));
  return calls.map((call, index) => {
    const resource = resources[index] ?? call.name;
    // Two callees about the same thing are told apart by their own names.
    const isShared = resources.filter((other) => other === resource).length > 1;
    const isPayment = usedDependencies(call, template).some((name) => template.dependencies[name]?.payments);
    const snake = snakeCase(call.name);
    return {
      name: call.name,
      kind: isPayment ? "command" : "check",
      module: safeName(snake, template),
      type: `${typeName(call.name)}Client`,
      variable: `${snake.toUpperCase()}_URL`,
      setting: safeName(`${snake}_url`, template),
      field: safeName(`${snakeCase(isShared ? call.name : resource)}_id`, template),
      resource: viewResource(resource),
    };
  });
}

function viewResource(name: string): ResourceView {
  const many = pluralOf(name);
  return {
    label: name.replaceAll("-", " "),
    labels: many.replaceAll("-", " "),
    one: snakeCase(name),
    many: snakeCase(many),
    type: typeName(name),
    path: `/${many}`,
  };
}

/** A label may begin with a digit, which no language takes. */
function typeName(label: string): string {
  const name = pascalCase(label);
  return /^\d/.test(name) ? `N${name}` : name;
}

function safeName(snake: string, template: TemplateManifest): string {
  if (/^\d/.test(snake)) return `n${snake}`;
  return template.reservedWords.includes(snake) ? `${snake}_` : snake;
}

function nameProblems(spec: ServiceCodeSpec): Problem[] {
  const named: [path: string, name: string | undefined][] = [
    ["name", spec.name],
    ["resource", spec.resource],
    ...spec.calls.flatMap((call, index): [string, string | undefined][] => [
      [`calls[${index}].name`, call.name],
      [`calls[${index}].resource`, call.resource],
    ]),
  ];
  const invalid = named.filter(([, name]) => name !== undefined && !dnsLabel.test(name));
  const repeated = spec.calls.filter((call, index) => spec.calls.findIndex(({ name }) => name === call.name) < index);
  return [
    ...invalid.map(([path]) => ({
      path,
      message: "this is not a DNS label",
      hint: "lower-case letters, digits and hyphens, at most 63, a letter or digit at both ends",
    })),
    ...repeated.map((call) => ({ path: "calls", message: `'${call.name}' is listed twice` })),
  ];
}

function dependencyProblems(spec: ServiceCodeSpec, template: TemplateManifest): Problem[] {
  const known = Object.keys(template.dependencies);
  return spec.dependencies.flatMap((name, index) => {
    if (canonicalDependency(template, name) !== undefined) return [];
    return {
      path: `dependencies[${index}]`,
      message: `the template has nothing for '${name.slice(0, 80)}'`,
      hint: nameHint(name, known),
    };
  });
}
