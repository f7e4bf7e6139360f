// What may stand at the place of the cursor, from the same tree of commands that parses the line. Pure: names of the
// running app are handed in.
import type { Command, Option } from "commander";

/** Names that only the app's folder knows; read when one of them is wanted. */
export interface KnownNames {
  services(): readonly string[];
  instances(): readonly string[];
}

type Kind = keyof KnownNames | "scale" | "shells" | "files";

const argumentKinds: Readonly<Record<string, Kind>> = {
  validate: "files",
  restart: "services",
  logs: "instances",
  scale: "scale",
  health: "services",
  explain: "services",
  completion: "shells",
};
const valueKinds: Readonly<Record<string, Kind>> = {
  service: "services",
  from: "services",
  instance: "instances",
};

/** `words` are those after `tusk`, the last being the one under the cursor. Empty: the shell offers files. */
export function complete(program: Command, words: readonly string[], known: KnownNames): string[] {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = findCommand(program, before);
  const options = [...(command?.options ?? []), ...program.options];
  const pending = optionWanting(before.at(-1), options);
  if (pending) return startingWith(current, namesOf(valueKinds[pending.attributeName()] ?? "files", known));
  if (current.startsWith("-")) return startingWith(current, options.flatMap(flagsOf));
  if (command) return startingWith(current, namesOf(argumentKinds[command.name()] ?? "files", known));
  return startingWith(current, visibleCommands(program));
}

function findCommand(program: Command, before: readonly string[]): Command | undefined {
  const named = before.filter((word, index) => {
    const isValue = optionWanting(before[index - 1], program.options) !== undefined;
    return !word.startsWith("-") && !isValue;
  });
  return program.commands.find((command) => command.name() === named[0]);
}

/** The option that takes the next word as its value. */
function optionWanting(word: string | undefined, options: readonly Option[]): Option | undefined {
  return word?.startsWith("-")
    ? options.find((one) => one.required && [one.short, one.long].includes(word))
    : undefined;
}

const flagsOf = ({ long, short }: Option): string[] => [long ?? short ?? ""];

function visibleCommands(program: Command): string[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
}

function namesOf(kind: Kind, known: KnownNames): readonly string[] {
  if (kind === "files") return [];
  if (kind === "shells") return shells;
  if (kind === "scale") return known.services().map((name) => `${name}=`);
  const services = known.services();
  return kind === "instances" ? [...services, ...known.instances()] : services;
}

function startingWith(prefix: string, names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name.startsWith(prefix) && /^[\w.=@/+-]+$/.test(name)).sort();
}

export const shells = ["bash", "zsh", "fish"] as const;
