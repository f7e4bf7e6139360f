// A program of a user in TypeScript, and the compilers' settings that it must pass under: the strictest, with nothing
// beside the package's own types.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const program = `import { fujsen, type Outcome, TuskDB, TuskLang, TuskMicroservices } from "tusklang";
import { MicroservicesDataManager, type MicroservicesIntelligence, MicroservicesServiceManager } from "tusklang/microservices";
import { ServiceMesh } from "tusklang/mesh";
import { APIGateway } from "tusklang/gateway";
import { ServiceDiscovery } from "tusklang/discovery";

class Planner {
  declare readonly fujsen: MicroservicesIntelligence;
  @fujsen.intelligence
  async go(rows: unknown[]) {
    return { success: true as const, rows: rows.length };
  }
  @fujsen.intelligence()
  twice(value: number): number {
    return value * 2;
  }
  @fujsen.intelligence
  async plan(): Promise<Outcome<{ rows: number }>> {
    return { success: true, rows: 1 };
  }
}
const past = new MicroservicesDataManager();
await past.series("a", "response_time", new Date(), "2026-01-01", 5);
await new TuskDB().insertMany("t", [{ a: 1 }]);
export const all = [Planner, TuskLang, TuskMicroservices, MicroservicesServiceManager, ServiceMesh, APIGateway, ServiceDiscovery];
`;

/** Both kinds of decorators. */
export const decoratorFlags = [[], ["--experimentalDecorators"]] as const;

/** Writes the program into a folder in which `tusklang` can be found; returns the command that checks it. */
export function writeTypeConsumer(folder: string, flags: readonly string[]): readonly string[] {
  writeFileSync(join(folder, "consumer.mts"), program);
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  const strict = ["--noEmit", "--strict", "--skipLibCheck", "false", "--types", "", "--target", "ES2022"];
  return [process.execPath, tsc, ...strict, "--module", "nodenext", ...flags, "consumer.mts"];
}
