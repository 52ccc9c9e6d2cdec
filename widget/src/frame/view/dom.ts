/** Makes pieces of page. A string becomes text, whatever it holds; there is no way to hand in markup. */
import { pieces } from "../rules/links.ts";

type Attributes = Record<string, string | boolean>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Changes a text only when it is another, so that screen readers do not read it again. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** A stranger's text, with its addresses to click on. */
export function setLinkedText(node: HTMLElement, text: string, newTab: string): void {
  if (node.textContent === text) return;
  node.replaceChildren(
    ...pieces(text).map((piece) =>
      piece.href ? link(piece.href, piece.text, newTab) : document.createTextNode(piece.text),
    ),
  );
}

export const link = (href: string, text: string, newTab: string): HTMLAnchorElement =>
  el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", title: newTab }, text);

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  close: "M6 6l12 12M18 6 6 18",
  send: "M4 12 20 4l-5 16-3.5-6.5L4 12Z",
  attach: "m8 12 5.5-5.5a3.2 3.2 0 0 1 4.5 4.5l-7.5 7.5a5 5 0 0 1-7-7L11 4",
};

export function icon(name: keyof typeof PATHS): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
