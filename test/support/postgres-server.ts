// A real PostgreSQL server of a test's own, on a Unix socket in a temporary folder, as an unprivileged user.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.js";

export interface PostgresServer {
  /** Of a new, empty database. */
  createDatabase(): string;
  close(): Promise<void>;
}

const versions = "/usr/lib/postgresql";

/** The folder with `initdb`, or why there is none. */
export function findPostgres(): { readonly folder: string } | { readonly missing: string } {
  const folders = existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, "bin")) : [];
  const folder = folders.findLast((one) => existsSync(join(one, "initdb")) && existsSync(join(one, "postgres")));
  return folder ? { folder } : { missing: `no PostgreSQL under ${versions}: install the package postgresql` };
}

/** The server refuses to run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = /^(?:postgres|nobody):[^:]*:(\d+):(\d+)/m.exec(readFileSync("/etc/passwd", "utf8"));
  return line ? { uid: Number(line[1]), gid: Number(line[2]) } : { uid: 65_534, gid: 65_534 };
}

export async function startPostgres(folder: string): Promise<PostgresServer> {
  const home = mkdtempSync(join(tmpdir(), "tusk-pg-"));
  const user = unprivileged();
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid ?? user.uid);
  const data = join(home, "data");
  const options = { ...user, cwd: home, encoding: "utf8", env: { LC_ALL: "C", PATH: "/usr/bin:/bin" } } as const;
  const made = spawnSync(
    join(folder, "initdb"),
    ["-D", data, "-U", "tusk", "-A", "trust", "-N", "-E", "UTF8"],
    options,
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const quick = ["fsync=off", "listen_addresses=", "shared_buffers=16MB", `unix_socket_directories=${home}`];
  const server = spawn(join(folder, "postgres"), ["-D", data, ...quick.flatMap((one) => ["-c", one])], {
    ...options,
    stdio: "ignore",
  });
  const psql = (sql: string): boolean =>
    spawnSync(join(folder, "psql"), ["-h", home, "-U", "tusk", "-d", "postgres", "-c", sql], options).status === 0;
  await eventually(() => psql("SELECT 1"), { what: "PostgreSQL answers", everyMs: 50, timeoutMs: 30_000 });
  let count = 0;
  return {
    createDatabase() {
      const name = `tusk_${++count}`;
      if (!psql(`CREATE DATABASE ${name}`)) throw new Error("no database could be created");
      return `postgres://tusk@localhost/${name}?host=${encodeURIComponent(home)}`;
    },
    close: () => stop(server, home),
  };
}

async function stop(server: ChildProcess, home: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    server.kill("SIGQUIT");
    await once(server, "exit");
  }
  rmSync(home, { recursive: true, force: true });
}
