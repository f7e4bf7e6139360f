// Colours on a terminal, plain text everywhere else. Pure: who may have colour is decided from what is handed in.

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly magenta: (text: string) => string;
}

export type Colour = keyof Style;

const codes: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
};

export function createStyle(enabled: boolean): Style {
  const paint = ([name, [on, off]]: [string, readonly [number, number]]) => [
    name,
    (text: string): string => (enabled && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text),
  ];
  return Object.fromEntries(Object.entries(codes).map(paint)) as unknown as Style;
}

/** NO_COLOR (no-color.org) wins over FORCE_COLOR, that over what the terminal is. */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>, isTty: boolean): boolean {
  if (environment.NO_COLOR) return false;
  const forced = environment.FORCE_COLOR;
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return isTty && environment.TERM !== "dumb";
}

const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Columns that the text takes on a terminal. */
export function visibleWidth(text: string): number {
  return text.replace(escapes, "").length;
}
