// Folder names joined and cleaned as text, for plans that name absolute folders. Looks at no file system.

/** `path` within `root`, or by itself when it is absolute; `.`, `..` and doubled slashes resolved, no slash at the end. */
export function joinFolder(root: string, path: string): string {
  const steps = (path.startsWith("/") ? path : `${root}/${path}`).split("/");
  const kept: string[] = [];
  for (const step of steps) {
    if (step === "..") kept.pop();
    else if (step !== "" && step !== ".") kept.push(step);
  }
  return `/${kept.join("/")}`;
}
