// HTTP/1.1 load by wrk, one thread. Several requests take turns by a script that has made them all beforehand.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tlsEnvironment } from "./certificate.mjs";

export function wrkCommand({ requests, isTls = false }, { port, seconds, connections, workspace }) {
  const url = `${isTls ? "https" : "http"}://127.0.0.1:${port}${requests[0].path}`;
  const script = requests.length === 1 ? [] : ["-s", writeScript(requests, workspace)];
  return {
    program: "wrk",
    args: ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", ...script, url],
    environment: isTls ? tlsEnvironment(workspace) : {},
  };
}

function writeScript(requests, { folder }) {
  const file = join(folder, `requests-${requests.length}.lua`);
  const made = requests.map(({ path, headers }) => {
    const fields = Object.entries(headers).map(([name, value]) => `["${name}"]="${value}"`);
    return `  requests[#requests + 1] = wrk.format("GET", "${path}", {${fields.join(",")}})`;
  });
  const text = `local requests = {}
local turn = 0
function init(args)
${made.join("\n")}
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
`;
  writeFileSync(file, text);
  return file;
}

const unitMs = { us: 0.001, ms: 1, s: 1_000 };

function numberAt(output, pattern) {
  const found = pattern.exec(output);
  return found ? Number(found[1]) * (unitMs[found[2]] ?? 1) : 0;
}

export function readWrk(output) {
  return {
    requests: numberAt(output, /(\d+) requests in/),
    perSecond: numberAt(output, /Requests\/sec:\s+([\d.]+)/),
    p50: numberAt(output, /50%\s+([\d.]+)(us|ms|s)/),
    p99: numberAt(output, /99%\s+([\d.]+)(us|ms|s)/),
    failed: numberAt(output, /Non-2xx or 3xx responses: (\d+)/) + socketErrors(output),
  };
}

function socketErrors(output) {
  const found = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
  return found ? found.slice(1).reduce((sum, count) => sum + Number(count), 0) : 0;
}
