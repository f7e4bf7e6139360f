// What the system refuses at a file or folder, as an error for people: whose folder it is decides, not a defect of ours.
import { TuskError } from "../base/errors.js";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user has no access to it",
  EPERM: "this user may not do that there",
  EROFS: "its file system can only be read",
};
/** These are refused for other reasons, and whoever calls them says which. */
const otherCalls = /^(spawn|connect|listen|bind|kill)/;

/** The same error with code NO_ACCESS when it is such a refusal, else the error as it is. */
export function namedAccess(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TuskError) return error;
  const { code = "", path, syscall = "" } = error as NodeJS.ErrnoException;
  const reason = reasons[code];
  if (reason === undefined || path === undefined || otherCalls.test(syscall)) return error;
  return new TuskError("NO_ACCESS", `${path}: ${reason}`, {
    cause: error,
    hint: "work in a folder of your own, or have its owner and mode changed",
    details: { path, reason: code },
  });
}
