// Solves symmetric positive definite systems by Cholesky's factorisation: all that a ridge regression needs.
// Works in place on row-major typed arrays; it must allocate nothing, since it runs hundreds of times per series.

/** A pivot below this share of the largest diagonal element means that columns depend on one another. */
const smallestPivot = 1e-14;

/**
 * Replaces `right` by x with matrix · x = right. Reads the lower triangle of `matrix` (size × size) and overwrites it
 * by its factor. Dependent columns get a coefficient near 0 rather than an infinite one.
 */
export function solveInPlace(matrix: Float64Array, size: number, right: Float64Array): void {
  factor(matrix, size);
  for (let row = 0; row < size; row++) {
    const start = row * size;
    let sum = right[row] as number;
    for (let k = 0; k < row; k++) sum -= (matrix[start + k] as number) * (right[k] as number);
    right[row] = sum / (matrix[start + row] as number);
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = right[row] as number;
    for (let k = row + 1; k < size; k++) sum -= (matrix[k * size + row] as number) * (right[k] as number);
    right[row] = sum / (matrix[row * size + row] as number);
  }
}

function factor(matrix: Float64Array, size: number): void {
  let largest = Number.MIN_VALUE;
  for (let i = 0; i < size; i++) largest = Math.max(largest, matrix[i * size + i] as number);
  for (let column = 0; column < size; column++) {
    const top = column * size;
    let pivot = matrix[top + column] as number;
    for (let k = 0; k < column; k++) pivot -= (matrix[top + k] as number) * (matrix[top + k] as number);
    const root = pivot > largest * smallestPivot ? Math.sqrt(pivot) : Math.sqrt(largest);
    matrix[top + column] = root;
    for (let row = column + 1; row < size; row++) {
      const start = row * size;
      let sum = matrix[start + column] as number;
      for (let k = 0; k < column; k++) sum -= (matrix[start + k] as number) * (matrix[top + k] as number);
      matrix[start + column] = sum / root;
    }
  }
}
