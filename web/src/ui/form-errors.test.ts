import { describe, expect, it } from "vitest";
import { placeErrors } from "./form-errors";

const place = (fields: string[], known: string[]) => {
  const { fields: placed, rest } = placeErrors(
    fields.map((field) => ({ field, message: `${field} is wrong.` })),
    known,
  );
  return { placed: [...placed.keys()], rest: rest.map(({ field }) => field) };
};

describe("placeErrors", () => {
  it("puts a complaint at the field of that name", () => {
    expect(place(["email"], ["name", "email"])).toEqual({ placed: ["email"], rest: [] });
  });

  it("leaves what the form has no field for", () => {
    expect(place(["region", "email"], ["email"])).toEqual({ placed: ["email"], rest: ["region"] });
  });

  it.each(["scopes[0]", "scopes.0", "/scopes/0", "scopes[0].name"])("finds the field that %s belongs to", (field) => {
    expect(place([field], ["scopes"])).toEqual({ placed: ["scopes"], rest: [] });
  });

  it("prefers the field that is named most exactly", () => {
    expect(place(["hosts[0].name"], ["hosts", "hosts.0.name"])).toEqual({ placed: ["hosts.0.name"], rest: [] });
  });

  it("does not take the beginning of a name for the name", () => {
    expect(place(["email_confirmed"], ["email"])).toEqual({ placed: [], rest: ["email_confirmed"] });
  });

  it("keeps the order of the form, so that the first wrong field gets the focus", () => {
    expect(place(["role", "name"], ["name", "email", "role"])).toEqual({ placed: ["name", "role"], rest: [] });
  });

  it("joins several complaints about one field", () => {
    const { fields } = placeErrors(
      [
        { field: "name", message: "Too long." },
        { field: "name", message: "Taken." },
      ],
      ["name"],
    );
    expect(fields.get("name")).toBe("Too long. Taken.");
  });
});
