// A folder of a test's own, gone when the test ends.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Ending {
  after(work: () => void): void;
}

export function temporaryFolder(t: Ending): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tusk-test-")));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
