// The demo's customers: each signs up, looks at its account, orders something and looks at the order. They come at a
// fixed rate, whether the system keeps up or not, and what is answered is checked.

export interface TrafficOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly seconds: number;
  /** Customers per second; each makes five requests. */
  readonly rate: number;
}

export interface Traffic {
  readonly requests: number;
  readonly orders: number;
  /** Number of their payments, by status. */
  readonly payments: ReadonlyMap<string, number>;
  /** What was not as it should be, in words. Empty: nothing. */
  readonly problems: readonly string[];
}

interface Created {
  readonly id: string;
}

interface Payment extends Created {
  readonly status: string;
}

interface Order extends Created {
  readonly payment_id: string | null;
}

const requestLimitMs = 10_000;

export async function sendTraffic({ url, seconds, rate }: TrafficOptions): Promise<Traffic> {
  const caller = new Caller(url);
  const began = performance.now();
  const customers: Promise<Payment | null>[] = [];
  for (let number = 0; number < seconds * rate; number++) {
    const dueMs = (number / rate) * 1000 - (performance.now() - began);
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    customers.push(beCustomer(caller, number));
  }
  const paid = (await Promise.all(customers)).filter((payment) => payment !== null);
  await orderForNobody(caller);
  const { requests, problems } = caller;
  return { requests, orders: paid.length, payments: countByStatus(paid), problems };
}

/** The payment of the order that was placed; null when anything on the way was not as it should be. */
async function beCustomer(caller: Caller, number: number): Promise<Payment | null> {
  const user = await caller.expect<Created>(201, "POST", "/users", { name: `Customer ${number}` });
  if (!user) return null;
  await caller.expect(200, "GET", `/users/${user.id}`);
  const wanted = { name: `Order ${number}`, user_id: user.id, amount: 1999, currency: "eur" };
  const order = await caller.expect<Order>(201, "POST", "/orders", wanted);
  if (!order) return null;
  const stored = await caller.expect<Order>(200, "GET", `/orders/${order.id}`);
  if (!stored) return null;
  return caller.expect<Payment>(200, "GET", `/payments/${stored.payment_id}`);
}

function countByStatus(payments: readonly Payment[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { status } of payments) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** That order-service asks user-service is seen best where the answer is no. */
async function orderForNobody(caller: Caller): Promise<void> {
  const wanted = { name: "Order", user_id: "nobody", amount: 1999, currency: "eur" };
  await caller.expect(422, "POST", "/orders", wanted);
}

class Caller {
  readonly problems: string[] = [];
  requests = 0;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The answer's body; null, and a problem, when it is not what was expected. */
  async expect<Body>(status: number, method: string, path: string, body?: object): Promise<Body | null> {
    this.requests++;
    try {
      const answer = await fetch(new URL(path, this.#url), {
        method,
        signal: AbortSignal.timeout(requestLimitMs),
        ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}),
      });
      const text = await answer.text();
      if (answer.status === status) return JSON.parse(text) as Body;
      this.problems.push(`${method} ${path} answered ${answer.status} instead of ${status}: ${text.slice(0, 200)}`);
    } catch (error) {
      this.problems.push(`${method} ${path} failed: ${reasonOf(error)}`);
    }
    return null;
  }
}

/** fetch says what went wrong in the cause of its error. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? [error.message, error.cause].filter(Boolean).join(": ") : String(error);
}
