// A gRPC service that answers each unary call with its own message: `node grpc-upstream.mjs PORT`. Two processes, so
// that it is not what is measured.
import cluster from "node:cluster";
import { createServer } from "node:http2";

const port = Number(process.argv[2]);
const processes = 2;

function serve() {
  const server = createServer();
  server.on("stream", (stream) => {
    const parts = [];
    stream.on("error", () => {});
    stream.on("data", (part) => parts.push(part));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(parts));
    });
  });
  server.listen(port, "127.0.0.1");
}

if (cluster.isPrimary) for (let index = 0; index < processes; index++) cluster.fork();
else serve();
