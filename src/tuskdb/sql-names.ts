// Names and texts that become part of a statement. Values never do: they are parameters.

/** An identifier as SQL takes it, whatever is in it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Of a statement, in lower case, past comments and opening brackets; empty when there is none. */
export function firstWord(sql: string): string {
  const rest = sql.replace(/^(?:\s+|\(|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)+/, "");
  return /^[a-z]+/i.exec(rest)?.[0].toLowerCase() ?? "";
}
