// Inserts rows into the DuckDB file of its first argument without end, and names each row's id once it is stored. To be
// killed in the middle of it.
import { openDatabase } from "../../src/tuskdb/open-database.js";

const [file = ""] = process.argv.slice(2);
const database = await openDatabase({ file });
for (let count = 0; ; count++) {
  const { ids } = await database.insertMany(
    "edges",
    Array.from({ length: 3 }, () => ({ caller: "killed", callee: `c${count}`, requests: count })),
  );
  process.stdout.write(`${ids.join("\n")}\n`);
}
