// The Date field of an answer that has none (RFC 9110, 6.6.1), made once a second.

let second = -1;
let value = "";
let line = "";

/** The whole field line. */
export function httpDate(): string {
  refresh();
  return line;
}

export function httpDateValue(): string {
  refresh();
  return value;
}

function refresh(): void {
  const now = Math.floor(Date.now() / 1_000);
  if (now === second) return;
  second = now;
  value = new Date(now * 1_000).toUTCString();
  line = `date: ${value}\r\n`;
}
