// A real PostgreSQL against the contract, where one is installed.
import { it } from "node:test";
import { openDatabase } from "../../src/tuskdb/open-database.js";
import { findPostgres, startPostgres } from "../support/postgres-server.js";
import { databaseContract } from "./database.contract.js";

const found = findPostgres();

if ("missing" in found) it("database contract: PostgreSQL", { skip: found.missing }, () => undefined);
else
  databaseContract("PostgreSQL", async () => {
    const server = await startPostgres(found.folder);
    const url = server.createDatabase();
    return { open: () => openDatabase({ url }), close: () => server.close() };
  });
