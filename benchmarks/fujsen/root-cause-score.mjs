// What the predictions are worth: pure functions of predictions and truth, so that they can be tested first.

/** 1 where the true one is among the first k, else 0. */
export const hitAt = (ranked, truth, k) => (ranked.slice(0, k).some(({ node }) => node === truth) ? 1 : 0);

/** Mean over k = 1 to 5 of being among the first k: 1 for the first place, .8 for the second, 0 from the sixth on. */
export const averageAt5 = (ranked, truth) => [1, 2, 3, 4, 5].reduce((sum, k) => sum + hitAt(ranked, truth, k), 0) / 5;

export const mean = (values) =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Rows of a table: { group, measure, value, cases }. A fault counts as found only where the verdict is that there is one;
 * on quiet data, anything but that verdict is right.
 */
export function score(predictions, truths) {
  const groups = new Map();
  const add = (group, measure, value) => {
    const key = JSON.stringify([group, measure]);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  };
  for (const [index, { group, truth, kind }] of truths.entries()) {
    const { verdict, ranked } = predictions[index] ?? { verdict: "missing", ranked: [] };
    if (kind === "quiet") add(group, "specificity", verdict === "missing" || verdict === "fault" ? 0 : 1);
    if (kind === "found") {
      add(group, "top-1 and verdict fault", verdict === "fault" ? hitAt(ranked, truth, 1) : 0);
      add(group, "top-1", hitAt(ranked, truth, 1));
      add(group, "top-3", hitAt(ranked, truth, 3));
    }
    if (kind === "avg5") add(group, "Avg@5", averageAt5(ranked, truth));
    if (kind === "as") for (const k of [1, 3, 5]) add(group, `AS@${k}`, hitAt(ranked, truth, k));
  }
  return [...groups].map(([key, values]) => {
    const [group, measure] = JSON.parse(key);
    return { group, measure, value: mean(values), cases: values.length };
  });
}

/** Predictions in the order of the truths. An id that is there more than once (Nezha has one) is used up in order. */
export function inOrder(predictions, truths) {
  const byId = new Map();
  for (const prediction of predictions) {
    byId.set(prediction.case, [...(byId.get(prediction.case) ?? []), prediction]);
  }
  return truths.map(({ id }) => byId.get(id)?.shift());
}
