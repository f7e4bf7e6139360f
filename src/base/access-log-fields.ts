// What a line of the access log can hold, in this order. One list for the spec, the plan and the proxy.

export const accessLogFields = [
  "time",
  "listener",
  "route",
  "caller",
  "callee",
  "endpoint",
  "method",
  "path",
  "status",
  "code",
  "attempts",
  "requestBytes",
  "responseBytes",
  "durationMs",
  "firstByteMs",
  "traceId",
  "requestId",
] as const;

export type AccessLogField = (typeof accessLogFields)[number];
