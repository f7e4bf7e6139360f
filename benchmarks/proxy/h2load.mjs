// HTTP/2 load by h2load, one thread, by prior knowledge, one stream at a time on each connection. With `isGrpc`: unary
// calls, a message of eight bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A gRPC message: not compressed, its length, its bytes. */
export const grpcMessage = Buffer.concat([Buffer.from([0, 0, 0, 0, 8]), Buffer.from("8 bytes.")]);

export function h2loadCommand({ requests, isGrpc = false }, { port, seconds, connections, workspace }) {
  const { folder } = workspace;
  const log = join(folder, "h2load.log");
  writeFileSync(log, "");
  const body = join(folder, "message.bin");
  if (isGrpc) writeFileSync(body, grpcMessage);
  const grpc = ["-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"];
  const load = ["-t1", `-c${connections}`, "-m1", `-D${seconds}`, `--log-file=${log}`];
  return {
    program: "h2load",
    args: [...load, ...(isGrpc ? grpc : []), `http://127.0.0.1:${port}${requests[0].path}`],
    log,
  };
}

export function readH2load(output, { log }) {
  const [, perSecond] = /finished in [\d.]+\w+, ([\d.]+) req\/s/.exec(output) ?? [];
  const [, done] = /requests: \d+ total, \d+ started, (\d+) done/.exec(output) ?? [];
  const [, good] = /status codes: (\d+) 2xx/.exec(output) ?? [];
  const tookMs = readFileSync(log, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => Number(line.split("\t")[2]) / 1_000);
  const sorted = Float64Array.from(tookMs).sort();
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  // At the end of the time, one request a connection is under way.
  return {
    requests: Number(done),
    perSecond: Number(perSecond),
    p50: at(0.5),
    p99: at(0.99),
    failed: Math.max(0, Number(done) - Number(good)),
  };
}
