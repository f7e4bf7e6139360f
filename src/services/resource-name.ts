// The resource that a service is about, read off its name, and how names are written in code. Pure, and deliberately
// small: a name that these rules get wrong is put right by `resource` in the spec.

/** What people put after the subject of a service. */
const roles = /-(?:service|svc|api|server|app)$/;
const irregular: Readonly<Record<string, string>> = { person: "people", child: "children", man: "men", woman: "women" };
const uncountable = new Set(["data", "media", "news", "info", "content", "feedback", "software", "hardware"]);

/** `user-service` -> `user`, `orders` -> `order`, `shopping-carts-api` -> `shopping-cart`. A DNS label gives one. */
export function resourceOf(service: string): string {
  return changeLastWord(service.replace(roles, ""), singular);
}

/** `user` -> `users`, `inventory` -> `inventories`, `box` -> `boxes`, `news` -> `news`. */
export function pluralOf(resource: string): string {
  return changeLastWord(resource, plural);
}

/** `shopping-cart` -> `shopping_cart`. */
export function snakeCase(label: string): string {
  return label.replaceAll("-", "_");
}

/** `shopping-cart` -> `ShoppingCart`. */
export function pascalCase(label: string): string {
  return label.replaceAll(/(?:^|-+)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

function plural(word: string): string {
  if (isUncountable(word)) return word;
  if (irregular[word] !== undefined) return irregular[word];
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`;
}

function singular(word: string): string {
  if (isUncountable(word)) return word;
  const known = Object.entries(irregular).find(([, many]) => many === word);
  if (known) return known[0];
  if (/[^aeiou]ies$/.test(word) && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:ss|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^siu]s$/.test(word) && word.length > 2 ? word.slice(0, -1) : word;
}

/** Fields of work (`analytics`) are one thing. */
function isUncountable(word: string): boolean {
  return uncountable.has(word) || /ics$/.test(word);
}

function changeLastWord(label: string, change: (word: string) => string): string {
  const cut = label.lastIndexOf("-") + 1;
  return label.slice(0, cut) + change(label.slice(cut));
}
