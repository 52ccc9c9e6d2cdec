/** Every primitive in every state, for the eye and for axe. Served by the development server only: /gallery.html */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { listenForShortcuts } from "@/lib/shortcuts";
import { UiProvider } from "../provider";
import { Gallery } from "./gallery";
import "../../styles.css";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
listenForShortcuts();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <BrowserRouter>
        <UiProvider>
          <Gallery />
        </UiProvider>
      </BrowserRouter>
    </StrictMode>,
  );
}
