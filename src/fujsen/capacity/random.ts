// Seeded draws for the simulator: the same seed gives the same requests on every machine.
import type { Rng } from "../../base/clock.js";

/**
 * Uniform numbers in [0, 1): sfc32 (Doty-Humphrey, PractRand 2010). Its 128 bits of state keep the streams of one seed
 * apart; with a 32-bit counter two streams meet, and then service times follow arrivals.
 */
export function seededRng(seed: number, stream = 0): Rng {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x2545_f491, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 16; warm++) next();
  return next;
}

/** Exponential with this mean. */
export const drawExponential = (mean: number, rng: Rng): number => -Math.log(1 - rng()) * mean;

/** A Poisson number: products of uniforms (Knuth), a large mean in parts, because sums of Poissons are Poisson. */
export function drawPoisson(mean: number, rng: Rng): number {
  if (!(mean > 0)) return 0;
  let count = 0;
  let left = mean;
  for (; left > 30; left -= 30) count += drawPoissonPart(30, rng);
  return count + drawPoissonPart(left, rng);
}

function drawPoissonPart(mean: number, rng: Rng): number {
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= rng()) count++;
  return count;
}
