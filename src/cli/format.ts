// Quantities as people read them. Pure.

/** `512 B`, `48.2 MiB`; `-` when not known. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return "-";
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** Of one core; `-` when not known. */
export function formatPercent(percent: number | null): string {
  return percent === null ? "-" : `${percent.toFixed(1)}%`;
}

/** The two largest units: `3d4h`, `2m05s`, `7s`, `350ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 24) return `${hours}h${String(Math.floor((seconds % 3_600) / 60)).padStart(2, "0")}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

/** Time since an ISO 8601 moment; `-` when there is none. */
export function formatAge(since: string | null, nowMs: number): string {
  return since === null ? "-" : formatDuration(nowMs - Date.parse(since));
}

/** `1 instance`, `2 instances` */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** Text from outside (a program's log, a header) must not steer the terminal; colours of programs are kept. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/\u001b\[[0-9;]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (found) =>
    found.endsWith("m") ? found : "",
  );
}
