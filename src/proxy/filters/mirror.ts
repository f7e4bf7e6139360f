// RequestMirror of the Gateway API: a copy of the request to another cluster, whose answer nobody waits for. Nothing that
// happens to the copy is seen by the client, by the request itself or by ejection.
import type { MirrorPlan } from "../../plan/proxy-plan.js";
import type { Cluster } from "../cluster.js";
import { Deadline, type DeadlineOwner } from "../deadlines.js";
import type { DispatchContext } from "../dispatch-context.js";
import type { EndpointState } from "../endpoint-state.js";
import type { BodyReader, BodySource, Exchange, RawHeaders, UpstreamAttempt, UpstreamListener } from "../exchange.js";

export interface MirroredRequest {
  readonly method: string;
  readonly pathAndQuery: string;
  readonly headers: RawHeaders;
}

/** A request with a longer body is not mirrored: the copy is held until it is whole. */
export const mirrorLimit = 64 * 1024;
/** For the answer, which is thrown away. */
const mirrorMs = 15_000;

/** Draws which mirrors get this request. The exchange that is returned takes the place of the one given. */
export function mirrorExchange(
  exchange: Exchange,
  request: MirroredRequest,
  mirrors: readonly MirrorPlan[],
  context: DispatchContext,
): Exchange {
  const drawn = mirrors.filter(({ share }) => share >= 1 || context.rng() < share);
  if (drawn.length === 0 || (exchange.body.length ?? 0) > mirrorLimit) return exchange;
  const send = (body: readonly Uint8Array[]): void => {
    for (const { cluster } of drawn) sendCopy(cluster, request, body, context);
  };
  if (exchange.body.length === 0) {
    send([]);
    return exchange;
  }
  const { listener, method, target, headers, peerAddress, tls, switches, sink } = exchange;
  return {
    listener,
    method,
    target,
    headers,
    peerAddress,
    tls,
    switches,
    sink,
    body: new CopiedBody(exchange.body, send),
  };
}

/** Hands on what is read, and calls back with all of it at the end. */
class CopiedBody implements BodySource, BodyReader {
  readonly length: number | null;
  readonly #source: BodySource;
  readonly #onWhole: (body: readonly Uint8Array[]) => void;
  #reader: BodyReader | null = null;
  /** Null: it is too long. */
  #chunks: Uint8Array[] | null = [];
  #bytes = 0;

  constructor(source: BodySource, onWhole: (body: readonly Uint8Array[]) => void) {
    this.length = source.length;
    this.#source = source;
    this.#onWhole = onWhole;
  }

  start(reader: BodyReader): void {
    this.#reader = reader;
    this.#source.start(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  onBody(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > mirrorLimit) this.#chunks = null;
    // Lent to us, so copied.
    this.#chunks?.push(Uint8Array.prototype.slice.call(chunk));
    this.#reader?.onBody(chunk);
  }

  onBodyPause(): boolean {
    return this.#reader?.onBodyPause() ?? true;
  }

  onBodyEnd(trailers: RawHeaders): boolean {
    if (this.#chunks !== null) this.#onWhole(this.#chunks);
    this.#chunks = null;
    return this.#reader?.onBodyEnd(trailers) ?? true;
  }
}

function sendCopy(name: string, request: MirroredRequest, body: readonly Uint8Array[], context: DispatchContext): void {
  const cluster = context.dataPlane.cluster(name);
  const endpoint = cluster?.pick({ rng: context.rng, hash: 0, tried: [], now: () => context.clock.monotonic() });
  if (cluster && endpoint) new Copy(endpoint, context).send(request, body, cluster);
}

class Copy implements UpstreamListener, DeadlineOwner {
  readonly #endpoint: EndpointState;
  readonly #context: DispatchContext;
  readonly #deadline = new Deadline(this);
  #attempt: UpstreamAttempt | null = null;

  constructor(endpoint: EndpointState, context: DispatchContext) {
    this.#endpoint = endpoint;
    this.#context = context;
  }

  send({ method, pathAndQuery, headers }: MirroredRequest, body: readonly Uint8Array[], { plan }: Cluster): void {
    const { upstream, deadlines } = this.#context;
    this.#endpoint.begin();
    deadlines.set(this.#deadline, mirrorMs);
    const connectTimeoutMs = plan?.connectTimeoutMs ?? 0;
    const request = { method, path: pathAndQuery, headers, body: new WholeBody(body), connectTimeoutMs };
    this.#attempt = upstream.send(this.#endpoint.target, request, this);
  }

  onInterim(): void {}

  onHead(): void {}

  onData(): void {}

  onPause(): boolean {
    return true;
  }

  onEnd(): boolean {
    this.#end();
    return true;
  }

  onFailure(): void {
    this.#end();
  }

  onDeadline(): void {
    this.#attempt?.abort();
    this.#end();
  }

  #end(): void {
    this.#context.deadlines.lift(this.#deadline);
    this.#endpoint.end();
  }
}

class WholeBody implements BodySource {
  readonly length: number;
  readonly #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
    this.length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  start(reader: BodyReader): void {
    for (const chunk of this.#chunks) reader.onBody(chunk);
    reader.onBodyEnd([]);
  }

  // Short, and at hand as a whole.
  pause(): void {}

  resume(): void {}
}
