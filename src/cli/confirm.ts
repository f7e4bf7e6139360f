// Asks a person on a terminal. Without one nothing may be asked.
import { createInterface } from "node:readline/promises";

export const canAsk = (): boolean => process.stdin.isTTY === true;

/** Enter means yes. */
export async function confirm(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`${question} [Y/n] `);
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
