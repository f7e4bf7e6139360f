// Autocorrelation of a whole series at all lags at once, by the fast Fourier transform (Wiener–Khinchin).

/**
 * Correlation at lags 0 to `longest` of values about their mean, each divided by the number of pairs it rests on, so
 * that long lags are not understated. All 0 for a constant series.
 */
export function autocorrelation(values: Float64Array, longest: number): Float64Array {
  const n = values.length;
  const result = new Float64Array(longest + 1);
  let mean = 0;
  for (const value of values) mean += value / n;
  let size = 2;
  while (size < n + longest + 1) size *= 2;
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let t = 0; t < n; t++) real[t] = (values[t] as number) - mean;
  transform(real, imaginary);
  for (let k = 0; k < size; k++) {
    const [a, b] = [real[k] as number, imaginary[k] as number];
    real[k] = a * a + b * b;
    imaginary[k] = 0;
  }
  transform(real, imaginary);
  const variance = (real[0] as number) / n;
  if (!(variance > 0)) return result;
  for (let lag = 0; lag <= Math.min(longest, n - 1); lag++) result[lag] = (real[lag] as number) / (n - lag) / variance;
  return result;
}

/** In place; the length is a power of two (Cooley & Tukey 1965). */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  reverseBits(real, imaginary);
  for (let half = 1; half < n; half *= 2) {
    const angle = -Math.PI / half;
    for (let j = 0; j < half; j++) {
      const c = Math.cos(angle * j);
      const s = Math.sin(angle * j);
      for (let i = j; i < n; i += 2 * half) {
        const k = i + half;
        const x = real[k] as number;
        const y = imaginary[k] as number;
        const a = c * x - s * y;
        const b = c * y + s * x;
        real[k] = (real[i] as number) - a;
        imaginary[k] = (imaginary[i] as number) - b;
        real[i] = (real[i] as number) + a;
        imaginary[i] = (imaginary[i] as number) + b;
      }
    }
  }
}

function reverseBits(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    swap(real, i, j);
    swap(imaginary, i, j);
  }
}

function swap(values: Float64Array, i: number, j: number): void {
  const value = values[i] as number;
  values[i] = values[j] as number;
  values[j] = value;
}
