/** Where the server's complaints about single fields go: to the field if the form has it, else to the form's alert. */
export interface FieldMessage {
  field: string;
  message: string;
}

export interface Placed {
  /** The form's own name of the field, and what is wrong with it. */
  fields: Map<string, string>;
  /** What the form has no field for. */
  rest: FieldMessage[];
}

/**
 * `known` are the form's names in the order in which they are shown; nested ones are written with dots. The server
 * writes "roles[0].name" or "/roles/0/name" for what the form may call "roles.0.name", or know as "roles" only.
 */
export function placeErrors(errors: readonly FieldMessage[], known: readonly string[]): Placed {
  const found = new Map<string, string>();
  const rest: FieldMessage[] = [];
  for (const error of errors) {
    const name = nameOf(error.field, known);
    if (name === undefined) rest.push(error);
    else found.set(name, [found.get(name), error.message].filter(Boolean).join(" "));
  }
  const inOrder = known.flatMap((name): [string, string][] => {
    const message = found.get(name);
    return message === undefined ? [] : [[name, message]];
  });
  return { fields: new Map(inOrder), rest };
}

function nameOf(field: string, known: readonly string[]): string | undefined {
  const path = field
    .replace(/\[(\w+)\]/g, ".$1")
    .split(/[./]/)
    .filter(Boolean);
  for (let length = path.length; length > 0; length--) {
    const name = path.slice(0, length).join(".");
    if (known.includes(name)) return name;
  }
  return undefined;
}
