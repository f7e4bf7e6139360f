// One line for each thing that was done, with the time that it took. What takes long says every ten seconds that it goes on.

const everyMs = 10_000;

export async function step<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  const began = performance.now();
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const reminder = setInterval(() => console.log(`  … ${what} (${seconds()})`), everyMs);
  try {
    const result = await work();
    console.log(`✔ ${what} (${seconds()})`);
    return result;
  } catch (error) {
    console.log(`✖ ${what} (${seconds()})`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}
