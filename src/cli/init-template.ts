// The text of a first tusk.yaml, from what was found in the folder. Pure.

export interface FoundProgram {
  /** A DNS label. */
  readonly name: string;
  /** Relative, `.` for the app folder itself. */
  readonly path: string;
  /** As it is written after `run:`. */
  readonly run: string;
}

const head = (name: string): string => `# The app spec: what runs, how it is reached, who calls whom.
# \`tusk validate\` checks it, \`tusk up\` runs it, and an edit is applied to the running app by itself.
name: ${name}

# Each program listens on the port that the environment variable PORT names.
services:`;

const example = ` []
#  - name: users
#    path: ./users          # the folder that it runs in
#    run: node server.js    # text is a shell command, [node, server.js] runs without a shell`;

const options = `
    # replicas: 2
    # calls: [other]         # gets OTHER_URL, an address that stays the same across restarts
    # startAfter: [other]    # waits for a ready instance of it
    # env: { LOG_LEVEL: info, API_KEY: "\${API_KEY}" }
    # setup: npm run migrate # runs once before a revision starts
    # health: { readiness: { http: /readyz } }   # default: a TCP connection to PORT`;

const gateway = `
# The way in from outside: a service's \`route\` is a path prefix here.
gateway:
  port: 8080
`;

export function renderSpec(name: string, programs: readonly FoundProgram[]): string {
  const services = programs.map((program, index) => renderService(program, index === 0)).join("\n");
  return `${head(name)}${programs.length === 0 ? example : `\n${services}`}\n${gateway}`;
}

function renderService({ name, path, run }: FoundProgram, withOptions: boolean): string {
  const shown = path === "." ? "." : `./${path}`;
  const lines = [`  - name: ${name}`, `    path: ${quote(shown)}`, `    run: ${run}`, `    route: /${name}`];
  return lines.join("\n") + (withOptions ? options : "");
}

/** A folder's name may hold anything; plain words stay plain. */
function quote(text: string): string {
  return /^[A-Za-z0-9._/-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A DNS label made from a folder's name; null when nothing is left of it. */
export function toLabel(name: string): string | null {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^[^a-z]+|-+$/g, "");
  return label === "" ? null : label;
}
