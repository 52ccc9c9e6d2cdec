/** Every primitive in every state, for the eye and for axe. Served by the development server only: /gallery.html */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, RouterProvider } from "react-router";
import { listenForShortcuts } from "@/lib/shortcuts";
import { UiProvider } from "../provider";
import { Gallery } from "./gallery";
import "../../styles.css";

const wanted = new URLSearchParams(location.search);
const theme = wanted.get("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
listenForShortcuts();

// Some primitives keep the reader on the page, which only this kind of router can do.
const router = createBrowserRouter([
  {
    path: "*",
    element: (
      <UiProvider>
        <Gallery />
      </UiProvider>
    ),
  },
]);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}
