// A real Apache Kafka of a test's own: one process that is broker and controller (KRaft), on loopback. It can be killed
// and started again with the same log and the same port.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { runCommand } from "./command.js";
import { freePort } from "./free-port.js";
import { type ServerProcess, startServerProcess } from "./server-process.js";
import { temporaryFolder } from "./temporary-folder.js";
import { fetchTool, type Tool } from "./test-tools.js";

const version = "4.1.0";

export interface Kafka {
  /** `host:port` */
  readonly brokers: string;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** What the broker has in the logs of all topics: record batches, uncompressed, so that texts can be looked for. */
  logged(): string;
}

/** The folder of its jars; copied by Maven the first time (43 MB). */
export function findKafka(): Promise<Tool> {
  return fetchTool({
    name: `kafka-${version}`,
    needs: [
      ["java", "a Java runtime, 17 or later"],
      ["mvn", "Maven"],
    ],
    prepare: (folder) => writeFileSync(join(folder, "pom.xml"), pom),
    argv: (folder) => ["mvn", "-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${folder}`],
  });
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;

/** `running: false` chooses the port and formats the log, but leaves the broker away until `start`. */
export async function createKafka(t: TestContext, jars: string, { running = true } = {}): Promise<Kafka> {
  let broker: ServerProcess | undefined;
  const kill = async (): Promise<void> => broker?.kill();
  // Before the folder's own end, or a living broker would write into what is being removed.
  t.after(kill);
  const folder = temporaryFolder(t);
  const [port, controllerPort] = [await freePort(), await freePort()];
  const config = join(folder, "server.properties");
  writeFileSync(config, properties(folder, port, controllerPort));
  const java = (...args: string[]): string[] => [
    "java",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-cp",
    join(jars, "*"),
    ...args,
  ];
  const cluster = randomBytes(16).toString("base64url").replace(/^-/, "A");
  const format = java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", config);
  const formatted = await runCommand(format, { cwd: folder, env: process.env });
  if (formatted.code !== 0) throw new Error(`kafka format: ${formatted.stdout}${formatted.stderr}`);
  const start = async (): Promise<void> => {
    broker = await startServerProcess(java("kafka.Kafka", config), { cwd: folder, port, timeoutMs: 60_000 });
  };
  if (running) await start();
  return { brokers: `127.0.0.1:${port}`, kill, start, logged: () => readLogs(join(folder, "log")) };
}

function readLogs(folder: string): string {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const logs = names.filter((name) => name.endsWith(".log") && !name.startsWith("__"));
  return logs.map((name) => readFileSync(join(folder, name), "latin1")).join("\n");
}

function properties(folder: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${join(folder, "log")}
num.partitions=3
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=true
compression.type=uncompressed
`;
}
