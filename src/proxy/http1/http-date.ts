// The Date field of an answer that has none (RFC 9110, 6.6.1), made once a second.

let second = -1;
let line = "";

/** The whole field line. */
export function httpDate(): string {
  const now = Math.floor(Date.now() / 1_000);
  if (now !== second) {
    second = now;
    line = `date: ${new Date(now * 1_000).toUTCString()}\r\n`;
  }
  return line;
}
