/**
 * What stands for what in a canned reply. The server fills replies in when they are used; this says the same for the
 * preview, in one pass, so that a name that looks like a variable is only a name.
 */
export interface Variable {
  name: string;
  what: string;
}

export const VARIABLES: Variable[] = [
  { name: "contact.first_name", what: "First name of whom you write to" },
  { name: "contact.name", what: "Full name of whom you write to" },
  { name: "agent.first_name", what: "First name of who sends the reply" },
  { name: "agent.name", what: "Full name of who sends the reply" },
  { name: "workspace.name", what: "Name of this workspace" },
];

export interface Names {
  contact: string;
  agent: string;
  workspace: string;
}

const first = (name: string): string => name.trim().split(/\s+/)[0] ?? "";

function valueOf(variable: string, { contact, agent, workspace }: Names): string | undefined {
  switch (variable) {
    case "contact.name":
      return contact.trim();
    case "contact.first_name":
      return first(contact);
    case "agent.name":
      return agent.trim();
    case "agent.first_name":
      return first(agent);
    case "workspace.name":
      return workspace.trim();
    default:
      return undefined;
  }
}

/** `{{contact.name|there}}` says what stands where nobody knows the name. What is no variable stays as it is. */
export function fill(body: string, names: Names): string {
  let [text, rest] = ["", body];
  for (let begin = rest.indexOf("{{"); begin !== -1; begin = rest.indexOf("{{")) {
    text += rest.slice(0, begin);
    const behind = rest.slice(begin + 2);
    const end = behind.indexOf("}}");
    if (end === -1) return text + rest.slice(begin);
    const { value, otherwise } = read(behind.slice(0, end), names);
    if (value === undefined) {
      // Two braces that begin nothing may stand before two that do.
      text += "{{";
      rest = behind;
    } else {
      text += value || otherwise;
      rest = behind.slice(end + 2);
    }
  }
  return text + rest;
}

function read(inside: string, names: Names): { value: string | undefined; otherwise: string } {
  const bar = inside.indexOf("|");
  const [name, otherwise] = bar === -1 ? [inside, ""] : [inside.slice(0, bar), inside.slice(bar + 1)];
  return { value: valueOf(name.trim(), names), otherwise: otherwise.trim() };
}

/** What is written like a variable and is none, as it stands there. */
export function unknownIn(body: string): string[] {
  const nobody = { contact: "", agent: "", workspace: "" };
  const written = [...body.matchAll(/\{\{([^{}]*)\}\}/g)];
  const unknown = written.filter(([, inside = ""]) => read(inside, nobody).value === undefined);
  return [...new Set(unknown.map(([whole]) => whole))];
}

/** Contacts without a name are usual: a visitor of web chat, somebody whose platform does not tell. */
export const needsWordForNobody = (body: string): boolean =>
  [...body.matchAll(/\{\{\s*contact\.(?:first_)?name\s*(\|[^{}]*)?\}\}/g)].some(
    ([, otherwise]) => !otherwise?.slice(1).trim(),
  );
