/**
 * What visitors will see, drawn as it is typed. It is a picture of the widget, not the widget: nothing in it can be
 * pressed, and a screen reader hears its words only.
 */
import { MessageCircle } from "lucide-react";
import { useState, type CSSProperties } from "react";
import { useFormContext, useWatch } from "react-hook-form";

import { cx } from "@/ui/cx";
import { SelectField } from "@/ui/field-select";

import { ACCENT, fieldsOf, isColour, textOn, type WidgetValues } from "./widget-values";

const SCENES = [
  { value: "open", label: "While somebody is there" },
  { value: "offline", label: "Outside of your hours" },
  { value: "questions", label: "Before the first message" },
];

const SURFACES = {
  light: { background: "#ffffff", color: "#18181b", borderColor: "#d4d4d8" },
  dark: { background: "#18181e", color: "#ececf1", borderColor: "#4a4a55" },
};

export function WidgetPreview() {
  const [scene, setScene] = useState("open");
  return (
    <aside aria-label="Preview" className="flex min-w-0 flex-col gap-3 lg:sticky lg:top-4">
      <SelectField label="Preview" options={SCENES} value={scene} onChange={setScene} />
      <Picture scene={scene} />
    </aside>
  );
}

function Picture({ scene }: { scene: string }) {
  const { control } = useFormContext<WidgetValues>();
  const name = useWatch({ control, name: "name" });
  const settings = useWatch({ control, name: "settings" });
  const { theme } = settings;
  const accent = isColour(theme.accent) ? theme.accent.trim() : ACCENT;
  const coloured = { background: accent, color: textOn(accent) };
  const radius = Math.min(28, Number(theme.radius) || 0);
  const isDark = theme.mode === "dark";
  return (
    <div
      className={cx(
        "flex flex-col gap-3 rounded-card bg-sunken p-4",
        theme.position === "left" ? "items-start" : "items-end",
      )}
    >
      <div
        className="flex min-h-80 w-full max-w-xs flex-col overflow-hidden border shadow-lg"
        style={{ ...SURFACES[isDark ? "dark" : "light"], borderRadius: radius }}
      >
        <p className="truncate px-4 py-3 font-semibold" style={coloured}>
          <bdi>{name.trim() || "Your name"}</bdi>
        </p>
        <div className="flex flex-1 flex-col gap-2 p-3">
          {scene === "questions" ? (
            <Questions settings={settings} />
          ) : (
            <Talk settings={settings} coloured={coloured} radius={radius} isOffline={scene === "offline"} />
          )}
        </div>
        <p className="border-t px-3 py-2 opacity-70" style={{ borderColor: "inherit" }}>
          Write a message…
        </p>
      </div>
      <span aria-hidden className="grid size-12 place-items-center rounded-full shadow-lg" style={coloured}>
        <MessageCircle size={22} />
      </span>
    </div>
  );
}

interface TalkProps {
  settings: WidgetValues["settings"];
  coloured: CSSProperties;
  radius: number;
  isOffline: boolean;
}

function Talk({ settings, coloured, radius, isOffline }: TalkProps) {
  const { greeting, offline_message: away } = settings;
  const said = [greeting, isOffline ? away : ""].map((text) => text.trim()).filter(Boolean);
  return (
    <>
      {said.map((text) => (
        <p
          key={text}
          className="max-w-[85%] self-start border px-3 py-1.5 wrap-anywhere whitespace-pre-wrap"
          style={{ borderRadius: radius, borderColor: "inherit" }}
        >
          <bdi>{text}</bdi>
        </p>
      ))}
      <p className="max-w-[85%] self-end px-3 py-1.5" style={{ ...coloured, borderRadius: radius }}>
        Where is my order?
      </p>
    </>
  );
}

function Questions({ settings }: Pick<TalkProps, "settings">) {
  const fields = fieldsOf(settings);
  const consent = settings.pre_chat.consent.text.trim();
  if (fields.length === 0 && !consent) return <p>Visitors are asked nothing and write at once.</p>;
  return (
    <ul className="flex flex-col gap-2">
      {fields.map(({ name, label, required }) => (
        <li key={name}>
          <bdi>{label || "…"}</bdi>
          {required && " *"}
          <span aria-hidden className="mt-0.5 block h-7 rounded-control border" style={{ borderColor: "inherit" }} />
        </li>
      ))}
      {consent && (
        <li className="flex gap-2">
          <span
            aria-hidden
            className="mt-1 size-3.5 shrink-0 rounded-sm border"
            style={{ borderColor: "currentColor" }}
          />
          <bdi className="wrap-anywhere">{consent}</bdi>
        </li>
      )}
    </ul>
  );
}
