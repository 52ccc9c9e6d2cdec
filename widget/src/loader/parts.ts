/** The loader's pieces of page. Nothing is made from text that holds markup. */
import { LOOK } from "./look.ts";

const SVG = "http://www.w3.org/2000/svg";
const BUBBLE = "M21 12a8 8 0 0 1-8 8H4l1.8-3.2A8 8 0 1 1 21 12Z";
const CROSS = "M6 6l12 12M18 6 6 18";

export interface Parts {
  host: HTMLElement;
  root: HTMLElement;
  launcher: HTMLButtonElement;
  badge: HTMLElement;
  panel: HTMLElement;
  away: HTMLElement;
  again: HTMLButtonElement;
  icon: (isOpen: boolean) => void;
}

export function parts(words: { away: string; again: string }): Parts {
  const host = document.createElement("socialai-chat");
  // Open, because closed keeps nobody out who is on the page; it would only hide us from the company's own tests.
  const shadow = host.attachShadow({ mode: "open" });
  // Rules as an object, not as text in the page: a policy without 'unsafe-inline' lets them through.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOK);
  shadow.adoptedStyleSheets = [sheet];

  const root = document.createElement("div");
  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.className = "launcher";
  launcher.setAttribute("aria-haspopup", "dialog");
  launcher.setAttribute("aria-expanded", "false");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  svg.append(path);
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.setAttribute("aria-hidden", "true");
  badge.hidden = true;
  launcher.append(svg, badge);

  const panel = document.createElement("div");
  panel.className = "panel";
  const away = document.createElement("div");
  away.className = "away";
  away.setAttribute("role", "alert");
  away.hidden = true;
  const sentence = document.createElement("p");
  sentence.textContent = words.away;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = words.again;
  away.append(sentence, again);
  panel.append(away);
  // The panel comes behind the launcher, as the focus goes.
  root.append(launcher, panel);
  shadow.append(root);

  const icon = (isOpen: boolean) => path.setAttribute("d", isOpen ? CROSS : BUBBLE);
  icon(false);
  return { host, root, launcher, badge, panel, away, again, icon };
}
