/** What the company asks before the first message. Nothing leaves the browser until that message is sent. */
import { parseUrl } from "../../bridge.ts";
import type { Chat, Profile } from "../rules/chat.ts";
import type { PreChat, PreChatField } from "../rules/protocol.ts";
import type { Speech } from "../rules/words.ts";
import { el, link, setText } from "./dom.ts";

const KINDS: Record<string, { type: string; autocomplete: string }> = {
  name: { type: "text", autocomplete: "name" },
  email: { type: "email", autocomplete: "email" },
  phone: { type: "tel", autocomplete: "tel" },
  company: { type: "text", autocomplete: "organization" },
};

interface Question {
  node: HTMLElement;
  input: HTMLInputElement;
  /** Empty when the answer will do. */
  problem: () => string;
}

export interface Form {
  node: HTMLElement;
  draw(): void;
  focus(): void;
}

export function form(chat: Chat, speech: () => Speech, done: () => void): Form {
  const node = el("form", { class: "form", novalidate: true });
  let drawn = "";
  let questions: Question[] = [];

  const draw = () => {
    const asked = chat.state.config?.pre_chat ?? null;
    const now = JSON.stringify([asked, speech().language]);
    if (now === drawn) return;
    drawn = now;
    questions = asked ? questionsOf(asked, speech()) : [];
    const title = el("h2", {}, speech().words.form);
    const start = el("button", { type: "submit", class: "primary" }, speech().words.start);
    node.replaceChildren(title, ...questions.map((question) => question.node), start);
  };

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = questions.filter((question) => complain(question));
    if (wrong.length > 0) {
      wrong[0]?.input.focus();
      return;
    }
    chat.fillForm(profileFrom(questions.map(({ input }) => input)));
    done();
  });
  return { node, draw, focus: () => questions[0]?.input.focus() };
}

function questionsOf(asked: PreChat, speech: Speech): Question[] {
  const questions = asked.fields.map((field, index) => fieldQuestion(field, index, speech));
  if (asked.consent) questions.push(consentQuestion(asked.consent, speech));
  return questions;
}

function fieldQuestion(field: PreChatField, index: number, { words }: Speech): Question {
  const id = `field-${index}`;
  const kind = KINDS[field.name] ?? { type: "text", autocomplete: "off" };
  const input = el("input", { id, name: field.name, maxlength: "200", dir: "auto", ...kind });
  if (field.required) input.setAttribute("aria-required", "true");
  const label = el("label", { for: id }, field.required ? field.label : `${field.label} (${words.optional})`);
  const problem = () => {
    const value = input.value.trim();
    if (value === "") return field.required ? words.missing : "";
    return kind.type === "email" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? words.bad_email : "";
  };
  return { node: el("div", { class: "question" }, label, input, problemLine(input)), input, problem };
}

function consentQuestion(consent: { text: string; url: string | null }, { words }: Speech): Question {
  const input = el("input", { id: "consent", type: "checkbox", "aria-required": "true" });
  const label = el("label", { for: "consent", class: "consent" }, input, el("span", { dir: "auto" }, consent.text));
  const node = el("div", { class: "question" }, label);
  if (consent.url && /^https?:\/\//i.test(consent.url) && parseUrl(consent.url)) {
    node.append(link(consent.url, words.more, words.new_tab));
  }
  node.append(problemLine(input));
  return { node, input, problem: () => (input.checked ? "" : words.missing_consent) };
}

function problemLine(input: HTMLInputElement): HTMLElement {
  input.setAttribute("aria-describedby", `${input.id}-problem`);
  return el("p", { id: `${input.id}-problem`, class: "problem", role: "alert" });
}

/** Says what is wrong with an answer; whether something is. */
function complain({ node, input, problem }: Question): boolean {
  const sentence = problem();
  const line = node.querySelector<HTMLElement>(".problem");
  if (line) setText(line, sentence);
  if (sentence) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  return sentence !== "";
}

function profileFrom(inputs: HTMLInputElement[]): Profile {
  const profile: Profile = {};
  const fields: Record<string, string> = {};
  for (const input of inputs) {
    const value = input.value.trim();
    if (input.type === "checkbox") {
      if (input.checked) profile.consent = true;
    } else if (value === "") continue;
    else if (input.name === "name") profile.name = value;
    else if (input.name === "email") profile.email = value;
    else fields[input.name] = value;
  }
  if (Object.keys(fields).length > 0) profile.fields = fields;
  return profile;
}
