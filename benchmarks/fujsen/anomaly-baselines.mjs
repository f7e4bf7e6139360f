// What a detector has to beat, run on the same rows: silence, one line of code, and a Gaussian over a window.

/** Never an alert. */
export const silence = ({ values }) => new Float64Array(values.length);

/** The difference to the row before, over the greatest so far. */
export function difference({ values }) {
  let greatest = 0;
  return values.map((value, row) => {
    const change = row === 0 ? 0 : Math.abs(value - values[row - 1]);
    const score = greatest > 0 ? change / greatest : 0;
    greatest = Math.max(greatest, change);
    return score;
  });
}

const longest = 6400;
const fewest = 30;

/** -ln of a normal distribution's tail by Chernoff's bound, from mean and variance of up to 6400 rows before. */
export function windowedGaussian({ values }) {
  let [count, mean, squares] = [0, 0, 0];
  return values.map((value, row) => {
    const variance = count > 1 ? squares / (count - 1) : 0;
    const score = count < fewest || variance <= 0 ? 0 : ((value - mean) * (value - mean)) / (2 * variance);
    const [before, added] = [mean, value];
    mean += (added - mean) / ++count;
    squares += (added - before) * (added - mean);
    if (count > longest) {
      const old = values[row - longest];
      const kept = mean;
      mean -= (old - mean) / --count;
      squares = Math.max(0, squares - (old - kept) * (old - mean));
    }
    return score;
  });
}
