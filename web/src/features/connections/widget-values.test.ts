import { describe, expect, it } from "vitest";

import type { Schemas } from "@/lib/api";

import { changeOf, fieldsOf, freeName, isColour, originsOf, textOn, valuesOf } from "./widget-values";

const widget = (settings: Schemas["WebChatSettings"]) => ({ name: "Harbour & Sons", settings });

const FULL: Schemas["WebChatSettings"] = {
  greeting: "Hello!",
  offline_message: null,
  disclosure: null,
  agent_names: "full",
  allowed_origins: ["https://example.com"],
  theme: { accent: "#0b6e99", radius: 4, position: "left", mode: "dark" },
  business_hours: { time_zone: "Europe/Vienna", open: [{ day: "monday", from: "09:00", to: "17:00" }] },
  pre_chat: {
    fields: [
      { name: "email", label: "E-mail", required: true },
      { name: "order", label: "Order", required: false },
    ],
    consent: { text: "I agree.", url: "https://example.com/privacy" },
  },
  texts: { de: { send: "Abschicken" } },
};

const UNSET: Schemas["WebChatSettings"] = {
  greeting: null,
  offline_message: null,
  disclosure: null,
  agent_names: "first",
  allowed_origins: [],
  theme: { accent: "#4f46e5", radius: 12, position: "right", mode: "auto" },
  business_hours: null,
  pre_chat: null,
  texts: {},
};

describe("the settings of a widget", () => {
  it("come back as they were, also what the form does not show", () => {
    const one = widget(FULL);
    expect(changeOf(one, valuesOf(one, "UTC"))).toEqual({ settings: FULL });
  });

  it("have usual values where nobody has decided", () => {
    const one = widget(UNSET);
    const { settings } = changeOf(one, valuesOf(one, "Europe/Vienna"));
    expect(settings).toMatchObject({ greeting: null, business_hours: null, pre_chat: null, allowed_origins: [] });
    expect(settings?.theme).toEqual({ accent: "#4f46e5", radius: 12, position: "right", mode: "auto" });
  });

  it("take a new name only when it is one", () => {
    const one = widget(UNSET);
    const values = valuesOf(one, "UTC");
    expect(changeOf(one, { ...values, name: "Help " }).name).toBe("Help");
    expect(changeOf(one, values)).not.toHaveProperty("name");
  });

  it("name websites one a line, or with commas", () => {
    expect(originsOf(" https://a.test,\nhttps://*.b.test  ")).toEqual(["https://a.test", "https://*.b.test"]);
  });
});

describe("the fields before a chat", () => {
  it("have names of their own, which stay when the label changes", () => {
    const { settings } = valuesOf(widget(FULL), "UTC");
    const [first] = settings.pre_chat.fields;
    settings.pre_chat.fields = [
      { ...first, name: "order", label: "Your order", required: true },
      { name: "", label: "Order", required: false },
      { name: "", label: "Größe?", required: false },
    ];
    expect(fieldsOf(settings).map(({ name, label }) => [name, label])).toEqual([
      ["email", "E-mail"],
      ["order", "Your order"],
      ["order_2", "Order"],
      ["gro_e", "Größe?"],
    ]);
  });

  it.each([
    ["E-mail", "e_mail"],
    ["名前", "field"],
    ["3rd line", "rd_line"],
    ["x".repeat(80), "x".repeat(37)],
  ])("%s is called %s", (label, name) => expect(freeName(label, new Set())).toBe(name));
});

describe("the colour", () => {
  it("is written with six digits", () => {
    expect(["#0b6e99", " #ABCDEF ", "#fff", "red", "#0b6e9g"].map(isColour)).toEqual([true, true, false, false, false]);
  });

  it("has a text on it that can be read", () => {
    expect(["#4f46e5", "#ffff00", "#000000", "#ffffff"].map(textOn)).toEqual([
      "#ffffff",
      "#000000",
      "#ffffff",
      "#000000",
    ]);
  });
});
