// Fills `${NAME}` and `${NAME:-default}` in the values of a service's `env`. `$$` is a dollar sign; any other `$`
// stands for itself, so that passwords need no care. Pure: files and the process' environment are handed in.
import type { Problem } from "../base/errors.js";
import { nameHint } from "../base/nearest-name.js";

type Variables = Readonly<Record<string, string | undefined>>;

export interface EnvironmentInput {
  readonly env: Readonly<Record<string, string>>;
  /** From .env files; wins over the process' environment. */
  readonly files?: Variables;
  readonly process?: Variables;
  /** Where `env` stands in the spec, for problems: `services.users.env`. */
  readonly path: string;
}

export interface ResolvedEnvironment {
  readonly values: Readonly<Record<string, string>>;
  /** A variable that is not set and has no default. */
  readonly problems: readonly Problem[];
}

const reference = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{([^}]*)\}?)/g;

export function resolveEnvironment(input: EnvironmentInput): ResolvedEnvironment {
  const problems: Problem[] = [];
  const values = Object.entries(input.env).map(([name, template]) => {
    const refuse = (message: string, hint: string): string => {
      problems.push({ path: `${input.path}.${name}`, message, hint });
      return "";
    };
    return [name, fill(template, input, refuse)] as const;
  });
  return { values: Object.fromEntries(values), problems };
}

function fill(template: string, input: EnvironmentInput, refuse: (message: string, hint: string) => string): string {
  return template.replace(reference, (whole, name?: string, fallback?: string, malformed?: string) => {
    if (whole === "$$") return "$";
    if (name === undefined) {
      return refuse(
        `\`\${${malformed ?? ""}}\` is no reference to a variable`,
        "write ${NAME} or ${NAME:-default}; $$ is a dollar sign",
      );
    }
    const value = lookUp(input.files, name) ?? lookUp(input.process, name);
    // As in a shell: `:-` also replaces an empty value.
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    return value ?? refuse(`the variable ${name} is not set`, unsetHint(name, input));
  });
}

function lookUp(variables: Variables | undefined, name: string): string | undefined {
  return variables && Object.hasOwn(variables, name) ? variables[name] : undefined;
}

function unsetHint(name: string, { files }: EnvironmentInput): string {
  const hint = nameHint(name, Object.keys(files ?? {}));
  return hint.startsWith("did you mean") ? hint : `set it in .env or the environment, or write \${${name}:-default}`;
}
