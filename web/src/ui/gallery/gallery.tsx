/** The frame of the gallery: one part at a time, chosen in the URL so that a test can open it. */
import { useEffect, type ComponentType } from "react";
import { useSearchParams } from "react-router";
import { Page } from "../page";
import { Tabs } from "../tabs";
import { Buttons } from "./buttons";
import { Changes } from "./changes";
import { Fields } from "./fields";
import { Forms } from "./forms";
import { Layers } from "./layers";
import { States } from "./states";
import { Tables } from "./tables";
import { Texts } from "./texts";
import { Work } from "./work";

const PARTS: Record<string, ComponentType> = {
  buttons: Buttons,
  fields: Fields,
  forms: Forms,
  states: States,
  layers: Layers,
  texts: Texts,
  changes: Changes,
  work: Work,
  tables: Tables,
};

export function Gallery() {
  const [params, setParams] = useSearchParams();
  const part = params.get("part") ?? "buttons";
  const theme = params.get("theme") ?? "system";
  const Part = PARTS[part] ?? Buttons;
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset["theme"];
    else dataset["theme"] = theme;
  }, [theme]);
  const choose = (name: string, value: string) =>
    setParams((before) => ({ ...Object.fromEntries(before), [name]: value }));
  return (
    <main className="h-full">
      <Page
        title="Gallery"
        actions={
          <Tabs
            label="Theme"
            value={theme}
            onChange={(value) => choose("theme", value)}
            tabs={["system", "light", "dark"].map((value) => ({ value, label: value }))}
          />
        }
        tabs={
          <Tabs
            label="Parts"
            value={part}
            onChange={(value) => choose("part", value)}
            tabs={Object.keys(PARTS).map((value) => ({ value, label: value }))}
          />
        }
      >
        <Part />
      </Page>
    </main>
  );
}
