/** The settings of a web chat widget: what its form holds, and what the server is told. */
import type { Schemas } from "@/lib/api";

import { hoursOf, usualWeek, weekOf, type Week } from "./hours";

type Widget = Pick<Schemas["WebChatWidget"], "name" | "settings">;
type Settings = Schemas["WebChatSettings"];
type Change = Schemas["WebChatWidgetChange"];
type Field = Schemas["WebChatField"];

export type Ask = "no" | "optional" | "required";

export interface Question {
  /** As the server knows it; empty while it is new. */
  name: string;
  label: string;
  required: boolean;
}

/** Named as the server names them, so that what it complains about finds its field. */
export interface WidgetValues {
  name: string;
  settings: {
    greeting: string;
    offline_message: string;
    disclosure: string;
    agent_names: "first" | "full" | "none";
    allowed_origins: string;
    theme: { accent: string; radius: string; position: "right" | "left"; mode: "auto" | "light" | "dark" };
    hours: "always" | "hours";
    business_hours: { time_zone: string; days: Week };
    ask_name: Ask;
    ask_email: Ask;
    pre_chat: { fields: Question[]; consent: { text: string; url: string } };
  };
}

export const ACCENT = "#4f46e5";
const RADIUS = 12;
/** Fields of a known meaning: they become the contact's. */
const LABELS = { name: "Name", email: "E-mail" };

export function valuesOf({ name, settings }: Widget, timeZone: string): WidgetValues {
  const { theme, business_hours: hours, pre_chat: asks } = settings;
  const fields = asks?.fields ?? [];
  const ask = (name: string): Ask => {
    const field = fields.find((one) => one.name === name);
    return field ? (field.required ? "required" : "optional") : "no";
  };
  return {
    name,
    settings: {
      greeting: settings.greeting ?? "",
      offline_message: settings.offline_message ?? "",
      disclosure: settings.disclosure ?? "",
      agent_names: settings.agent_names ?? "first",
      allowed_origins: (settings.allowed_origins ?? []).join("\n"),
      theme: {
        accent: theme?.accent ?? ACCENT,
        radius: String(theme?.radius ?? RADIUS),
        position: theme?.position ?? "right",
        mode: theme?.mode ?? "auto",
      },
      hours: hours ? "hours" : "always",
      business_hours: { time_zone: hours?.time_zone ?? timeZone, days: hours ? weekOf(hours) : usualWeek() },
      ask_name: ask("name"),
      ask_email: ask("email"),
      pre_chat: {
        fields: fields.filter(({ name }) => !(name in LABELS)).map(questionOf),
        consent: { text: asks?.consent?.text ?? "", url: asks?.consent?.url ?? "" },
      },
    },
  };
}

const questionOf = ({ name, label, required = false }: Field): Question => ({ name, label, required });

/** Settings are sent whole: what this form does not show (other words) goes back as it came. */
export function changeOf(widget: Widget, { name, settings: typed }: WidgetValues): Change {
  const { theme, business_hours: hours } = typed;
  const settings: Settings = {
    ...widget.settings,
    greeting: textOf(typed.greeting),
    offline_message: textOf(typed.offline_message),
    disclosure: textOf(typed.disclosure),
    agent_names: typed.agent_names,
    allowed_origins: originsOf(typed.allowed_origins),
    theme: { ...theme, accent: theme.accent.trim(), radius: Number(theme.radius) || 0 },
    business_hours: typed.hours === "hours" ? hoursOf(hours.time_zone, hours.days) : null,
    pre_chat: preChatOf(typed),
  };
  return { ...(name.trim() !== widget.name && { name: name.trim() }), settings };
}

const textOf = (text: string): string | null => text.trim() || null;

export const originsOf = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

/** As the visitor sees the fields. */
export function fieldsOf(typed: WidgetValues["settings"]): Field[] {
  const known = (name: keyof typeof LABELS, ask: Ask): Field[] =>
    ask === "no" ? [] : [{ name, label: LABELS[name], required: ask === "required" }];
  const fields = [...known("name", typed.ask_name), ...known("email", typed.ask_email)];
  const taken = new Set(["name", "email", ...typed.pre_chat.fields.map(({ name }) => name)]);
  for (const { name, label, required } of typed.pre_chat.fields) {
    const its = name || freeName(label, taken);
    taken.add(its);
    fields.push({ name: its, label: label.trim(), required });
  }
  return fields;
}

function preChatOf(typed: WidgetValues["settings"]): NonNullable<Settings["pre_chat"]> | null {
  const fields = fieldsOf(typed);
  const text = typed.pre_chat.consent.text.trim();
  if (fields.length === 0 && !text) return null;
  return { fields, consent: text ? { text, url: textOf(typed.pre_chat.consent.url) } : null };
}

const LONGEST_NAME = 40;

/** A name for programs, made of the label once: a label that changes later does not change it. */
export function freeName(label: string, taken: ReadonlySet<string>): string {
  const plain = label
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^[^a-z]+|_+$/g, "")
    .slice(0, LONGEST_NAME - 3);
  const name = plain || "field";
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}

export const isColour = (text: string): boolean => /^#[0-9a-f]{6}$/i.test(text.trim());

/** Black or white, whichever can be read on the colour; the widget decides in the same way. */
export function textOn(colour: string): "#ffffff" | "#000000" {
  const channels = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((share) =>
    share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4,
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= 4.5 ? "#ffffff" : "#000000";
}
