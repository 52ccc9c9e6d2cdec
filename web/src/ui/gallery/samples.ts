/** Names and values as people and programs really send them. */
export const LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
  .repeat(3)
  .slice(0, 200);
export const HOSTILE = '<img src=x onerror=alert(1)> & "quotes" </script>';

export const NAMES = [
  "Ada Lovelace",
  "小林 さくら",
  "محمد عبد الله",
  "שרה כהן",
  "👩🏽‍🚀 Ray",
  "🇨🇭🏔️",
  "Zoë Ångström-Þórsdóttir",
  "O'Brien",
  "x",
  "",
  HOSTILE,
  LONG_WORD,
];

export interface Person {
  id: string;
  name: string;
  email: string;
  role: string;
  active: boolean;
  seenAt: string;
  logins: number;
}

const ROLES = ["Owner", "Admin", "Agent", "Viewer"];

export function people(count: number, now: Date): Person[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `user_${index}`,
    name: index % 9 === 0 ? (NAMES[(index / 9) % NAMES.length] ?? "") : `Person ${index}`,
    email: `person.${index}@example.com`,
    role: ROLES[index % ROLES.length] ?? "Viewer",
    active: index % 7 !== 0,
    seenAt: new Date(now.getTime() - index * 97_000).toISOString(),
    logins: (index * 7919) % 10_007,
  }));
}
