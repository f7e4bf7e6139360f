// What a threshold chosen on some files is worth on others: halves drawn at random (seeded), and one domain (the folder)
// left out at a time.
import { rank, scoreRanked } from "./anomaly-score.mjs";

const draws = 50;

/** `files` are `{ file, scores, windows }`. Scores are of files that the threshold was not chosen on. */
export function crossValidated(files, profile) {
  const halves = Array.from({ length: draws }, (_, draw) => splitAtRandom(files, draw + 1)).flatMap(([a, b]) => [
    heldOut(a, b, profile),
    heldOut(b, a, profile),
  ]);
  const known = halves.filter((score) => score !== null).sort((a, b) => a - b);
  const domains = [...new Set(files.map(domainOf))];
  const left = domains.map((domain) => [
    domain,
    heldOut(
      files.filter((one) => domainOf(one) !== domain),
      files.filter((one) => domainOf(one) === domain),
      profile,
    ),
  ]);
  const at = (share) => round(known[Math.floor(share * (known.length - 1))]);
  const mean = round(known.reduce((sum, score) => sum + score / known.length, 0));
  return {
    halves: { mean, from: at(0.1), to: at(0.9) },
    domains: Object.fromEntries(left.map(([domain, score]) => [domain, round(score)])),
  };
}

const domainOf = ({ file }) => file.split("/")[0];
const round = (score) => (score === null ? null : Math.round(score * 10) / 10);

function heldOut(chosenOn, others, profile) {
  const { threshold } = scoreRanked(rank(chosenOn), profile);
  return scoreRanked(rank(others), profile, threshold).score;
}

function splitAtRandom(files, seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const order = files.map((file) => [next(), file]).sort((a, b) => a[0] - b[0]);
  const half = order.length >> 1;
  return [order.slice(0, half), order.slice(half)].map((part) => part.map(([, file]) => file));
}
