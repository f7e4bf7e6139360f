// DuckDB against the contract.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../src/tuskdb/open-database.js";
import { databaseContract } from "./database.contract.js";

databaseContract("DuckDB", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusk-duckdb-"));
  return {
    open: () => openDatabase({ file: join(folder, "tusk.duckdb") }),
    close: async () => rmSync(folder, { recursive: true }),
  };
});
