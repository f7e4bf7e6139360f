// Columns of text, as wide as they need to be. Pure.
import { type Style, visibleWidth } from "./style.js";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers read better from the right. Default left. */
  readonly align?: "left" | "right";
}

const gap = "  ";

/** Empty when there are no rows: the caller says so in words. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], style: Style): string {
  if (rows.length === 0) return "";
  const cells = rows.map((row) => columns.map((column) => column.value(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => visibleWidth(line[index] ?? ""))),
  );
  const renderLine = (line: readonly string[]): string =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join(gap)
      .trimEnd();
  const header = style.dim(renderLine(columns.map(({ title }) => title)));
  return [header, ...cells.map(renderLine)].join("\n");
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - visibleWidth(text)));
  return align === "right" ? space + text : text + space;
}
