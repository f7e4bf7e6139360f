// What is derived from a service's name. One place, so that what the checks refuse is what the plans would build.

/** Names are DNS labels, so that no two of them give the same variable. `user-service` -> `USER_SERVICE_URL`: the variable that tells a caller where to reach it. */
export function urlVariable(service: string): string {
  return `${service.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_URL`;
}
