// Quantities as people write them ('120ms', '5%', '512MiB') to the unit that is stored. A bare number is taken to be
// in that unit already; a text whose unit could mean two things is refused, never guessed.

export type Quantity = "milliseconds" | "perSecond" | "share" | "cores" | "bytes" | "count" | "seconds";

interface QuantityRule {
  /** Factor to the stored unit. Units are case-sensitive where m and M differ. */
  readonly units: Readonly<Record<string, number>>;
  readonly most?: number;
  readonly expected: string;
}

const kibi = 1024;
const rules: Readonly<Record<Quantity, QuantityRule>> = {
  milliseconds: {
    units: { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, min: 60_000 },
    expected: "milliseconds as a number, or a text such as '120ms' or '1.5s'",
  },
  seconds: { units: { ms: 1e-3, s: 1, min: 60, h: 3600 }, expected: "seconds as a number, or a text such as '60s'" },
  perSecond: {
    units: { "/s": 1, "req/s": 1, rps: 1, "/min": 1 / 60, "req/min": 1 / 60, rpm: 1 / 60 },
    expected: "requests per second as a number, or a text such as '20/s' or '1200/min'",
  },
  share: { units: { "%": 0.01 }, most: 1, expected: "a share from 0 to 1, or a percentage as a text such as '5%'" },
  cores: {
    units: { m: 1e-3, core: 1, cores: 1 },
    expected: "cores as a number, or a text such as '250m' (thousandths of a core) or '2 cores'",
  },
  bytes: {
    units: {
      B: 1,
      kB: 1e3,
      KB: 1e3,
      MB: 1e6,
      GB: 1e9,
      TB: 1e12,
      KiB: kibi,
      MiB: kibi * kibi,
      GiB: kibi * kibi * kibi,
      TiB: kibi * kibi * kibi * kibi,
      Ki: kibi,
      Mi: kibi * kibi,
      Gi: kibi * kibi * kibi,
      Ti: kibi * kibi * kibi * kibi,
    },
    expected: "bytes as a number, or a text such as '512MiB' or '1.5GB'",
  },
  count: { units: {}, expected: "a whole number" },
};

export type QuantityResult =
  | { readonly ok: true; readonly value: number; readonly converted: boolean }
  | { readonly ok: false; readonly message: string; readonly hint: string };

// Bounded repetition: a text of a megabyte is refused without being walked more than once.
const quantityForm = /^(\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?) {0,3}([^\s\d]{0,10})$/;

export function parseQuantity(value: unknown, quantity: Quantity): QuantityResult {
  if (typeof value === "number") return inRange(value, quantity, false);
  if (typeof value !== "string") return refused(`is ${describe(value)}`, quantity);
  const found = value.length <= 64 ? quantityForm.exec(value.trim()) : null;
  if (!found) return refused(`${shown(value)} is not a quantity`, quantity);
  const [, digits = "", unit = ""] = found;
  const { units } = rules[quantity];
  if (unit !== "" && !Object.hasOwn(units, unit)) return refused(`the unit ${shown(unit)} is not known here`, quantity);
  return inRange(scaled(Number(digits), unit, units[unit] ?? 1), quantity, true);
}

// 5 * 0.01 is 0.05 but 7 * 0.01 is 0.07000000000000001: a factor below 1 divides, which rounds once.
function scaled(value: number, unit: string, factor: number): number {
  if (unit === "" || factor === 1) return value;
  return factor < 1 ? value / Math.round(1 / factor) : value * factor;
}

function inRange(value: number, quantity: Quantity, converted: boolean): QuantityResult {
  const { most } = rules[quantity];
  if (!Number.isFinite(value)) return refused("is not a finite number", quantity);
  if (value < 0) return refused("is negative", quantity);
  if (most !== undefined && value > most) return refused(`${value} is more than ${most}`, quantity);
  if (quantity === "count" && !Number.isSafeInteger(value)) return refused(`${value} is not whole`, quantity);
  return { ok: true, value: value === 0 ? 0 : value, converted };
}

function refused(message: string, quantity: Quantity): QuantityResult {
  return { ok: false, message, hint: `expected ${rules[quantity].expected}` };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A text of the caller's inside one of ours: quoted, short, no control characters. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}
