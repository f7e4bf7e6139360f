// A command from its written form: text is for the shell, a list is a program and its arguments.
import type { CommandFile } from "./app-schema.js";
import type { Command } from "./app-spec.js";

export function normaliseCommand(command: CommandFile): Command {
  return typeof command === "string" ? { kind: "shell", command } : { kind: "exec", argv: command.map(String) };
}
