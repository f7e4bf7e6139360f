// The scoring of the Numenta Anomaly Benchmark (Lavin & Ahmad 2015), written from its description: in a window the
// earliest detection counts, by a sigmoid of its place; a detection outside costs by its distance past the last window;
// one threshold serves all files.

export const profiles = {
  standard: { hit: 1, miss: 1, falseAlarm: 0.11 },
  "low FP": { hit: 1, miss: 1, falseAlarm: 0.22 },
  "low FN": { hit: 1, miss: 2, falseAlarm: 0.11 },
};

/** Rows at a file's start that are not scored. */
export const probation = (rows) => Math.floor(0.15 * Math.min(rows, 5000));

/** From 1 far before the place 0 to -1 far after it; -1 beyond 3. */
export function scaledSigmoid(place) {
  return place > 3 ? -1 : 2 / (1 + Math.exp(5 * place)) - 1;
}

const earliest = scaledSigmoid(-1);

/** What a detection at each scored row is worth: `{ score, window, worth }`, with window -1 outside of windows. */
export function detectionsOf(scores, windows) {
  const detections = [];
  let next = 0;
  for (let row = probation(scores.length); row < scores.length; row++) {
    while (next < windows.length && windows[next][1] < row) next++;
    const inside = next < windows.length && row >= windows[next][0];
    const worth = inside ? worthInside(row, windows[next]) : worthOutside(row, windows[next - 1]);
    detections.push({ score: scores[row], window: inside ? next : -1, worth });
  }
  return detections;
}

const worthInside = (row, [first, last]) => scaledSigmoid(-(last - row + 1) / (last - first + 1)) / earliest;

function worthOutside(row, before) {
  if (!before) return -1;
  const [first, last] = before;
  return scaledSigmoid((row - last) / Math.max(1, last - first));
}

/** `files` are `{ scores, windows }`. One detection list, highest score first, with windows numbered over all files. */
export function rank(files) {
  let offset = 0;
  const all = files.flatMap(({ scores, windows }) => {
    const found = detectionsOf(scores, windows);
    for (const one of found) if (one.window >= 0) one.window += offset;
    offset += windows.length;
    return found;
  });
  return { windows: offset, detections: all.sort((a, b) => b.score - a.score) };
}

/** The score at each threshold in turn: the best, or that of `threshold` where it is given. 0 is silence, 100 perfect. */
export function scoreRanked({ windows, detections }, { hit, miss, falseAlarm }, threshold = null) {
  const worths = new Float64Array(windows).fill(-miss);
  let total = -miss * windows;
  let best = { total, threshold: Number.POSITIVE_INFINITY };
  for (const [index, { score, window, worth }] of detections.entries()) {
    if (threshold !== null && score < threshold) break;
    if (window < 0) total += falseAlarm * worth;
    else if (hit * worth > worths[window]) {
      total += hit * worth - worths[window];
      worths[window] = hit * worth;
    }
    // Rows of one score are detected together or not at all.
    if (detections[index + 1]?.score !== score && total > best.total) best = { total, threshold: score };
  }
  const reached = threshold === null ? best.total : total;
  const score = windows === 0 ? null : (100 * (reached + miss * windows)) / ((hit + miss) * windows);
  return { score, threshold: threshold ?? best.threshold };
}

export const scoreFiles = (files, profile, threshold = null) => scoreRanked(rank(files), profile, threshold);

/** At one threshold: detections inside and outside of windows, and windows with at least one. */
export function countAt({ windows, detections }, threshold) {
  const above = detections.filter(({ score }) => score >= threshold);
  const found = new Set(above.filter(({ window }) => window >= 0).map(({ window }) => window));
  return { windows, found: found.size, falseAlarms: above.filter(({ window }) => window < 0).length };
}
