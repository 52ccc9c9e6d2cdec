/** Where the visitor writes. What is typed stays until it was handed to the outbox. */
import type { Chat } from "../rules/chat.ts";
import { fileProblem, sizeInWords } from "../rules/files.ts";
import { MAX_TEXT } from "../rules/protocol.ts";
import { say, type Speech } from "../rules/words.ts";
import { el, icon, setText } from "./dom.ts";

export interface Composer {
  node: HTMLElement;
  draw(): void;
  focus(): void;
}

export function composer(chat: Chat, speech: () => Speech): Composer {
  let files: File[] = [];
  const field = el("textarea", {
    id: "text",
    rows: "1",
    maxlength: String(MAX_TEXT),
    dir: "auto",
    enterkeyhint: "send",
  });
  const label = el("label", { for: "text", class: "unseen" });
  const picker = el("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  const attach = el("button", { type: "button", class: "icon" }, icon("attach"));
  const submit = el("button", { type: "submit", class: "icon send" }, icon("send"));
  const chosen = el("div", { class: "chosen" });
  const problem = el("p", { class: "problem", role: "alert" });
  const row = el("div", { class: "row" }, attach, picker, label, field, submit);
  const node = el("form", { class: "composer", novalidate: true }, problem, chosen, row);

  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };
  const drawChosen = () => {
    const { locale, words } = speech();
    chosen.replaceChildren(
      ...files.map((file) => {
        const label = `${words.remove}: ${file.name}`;
        const remove = el("button", { type: "button", class: "icon", "aria-label": label }, icon("close"));
        remove.addEventListener("click", () => {
          files = files.filter((other) => other !== file);
          drawChosen();
          field.focus();
        });
        const size = el("span", { class: "size" }, sizeInWords(file.size, locale));
        return el("div", { class: "file" }, el("bdi", {}, file.name), size, remove);
      }),
    );
  };
  const take = (added: readonly File[]) => {
    const rule = chat.state.config?.attachments;
    if (!rule?.allowed) return;
    const { locale, words } = speech();
    const refused = added.flatMap((file) => {
      const why = fileProblem(file, rule);
      return why ? [say(words[why], { name: file.name, size: sizeInWords(rule.max_bytes, locale) })] : [];
    });
    setText(problem, refused.join(" "));
    files = [...files, ...added.filter((file) => !fileProblem(file, rule))].slice(0, 10);
    drawChosen();
  };
  const send = () => {
    if (field.value.trim() === "" && files.length === 0) return;
    chat.send(field.value, files);
    files = [];
    field.value = "";
    chat.write("");
    setText(problem, "");
    drawChosen();
    grow();
    field.focus();
  };

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  field.addEventListener("keydown", (event) => {
    // While characters are being composed, Enter chooses one.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  field.addEventListener("input", () => {
    chat.write(field.value);
    grow();
  });
  field.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0 || !chat.state.config?.attachments.allowed) return;
    event.preventDefault();
    take(pasted);
  });
  attach.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take([...(picker.files ?? [])]);
    picker.value = "";
    field.focus();
  });

  return {
    node,
    focus: () => field.focus(),
    draw: () => {
      const { words, locale } = speech();
      const rule = chat.state.config?.attachments;
      if (field.value === "" && chat.state.draft !== "" && document.activeElement !== field) {
        field.value = chat.state.draft;
        grow();
      }
      field.placeholder = words.placeholder;
      setText(label, words.message);
      submit.setAttribute("aria-label", words.send);
      attach.hidden = !rule?.allowed;
      const limit =
        rule && rule.max_bytes > 0 ? say(words.attach_limit, { size: sizeInWords(rule.max_bytes, locale) }) : "";
      attach.setAttribute("aria-label", limit || words.attach);
      attach.title = limit || words.attach;
      picker.accept = rule?.types.join(",") ?? "";
    },
  };
}
