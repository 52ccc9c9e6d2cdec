/** Every sentence of the frame, in English and German; a company may have others (`texts` of the config). */
const en = {
  open: "Open chat",
  close: "Close chat",
  title: "Chat with {name}",
  unread_one: "1 new message",
  unread_many: "{count} new messages",
  online: "Usually answers within minutes",
  offline: "Not here right now",
  offline_message: "We are not here right now. Leave a message and we will answer when we are back.",
  loading: "One moment …",
  away: "We cannot be reached right now. What you typed is kept, and we keep trying.",
  lost: "The connection is lost. What you typed is kept, and we keep trying.",
  slow: "That was a lot at once. Your message goes out in {seconds} seconds.",
  slow_long: "That was a lot at once. Please try again in {minutes} minutes.",
  try_again: "Try again",
  log: "Conversation",
  you: "You",
  agent: "Team",
  machine: "Assistant",
  automated: "Automated",
  disclosure: "You are talking to an automated assistant. A person can take over at any time.",
  typing: "{name} is typing …",
  sending: "Sending …",
  sent: "Sent",
  read: "Read",
  failed: "Not sent",
  remove: "Remove",
  edited: "edited",
  unsent: "This message was taken back.",
  quick_replies: "Suggested answers",
  message: "Message",
  placeholder: "Write a message …",
  send: "Send",
  attach: "Attach a file",
  attach_limit: "Attach a file, up to {size}",
  download: "Download {name}, {size}",
  download_failed: "The file could not be loaded. Please try again.",
  file_too_large: "{name} is too large; the limit is {size}.",
  file_type: "{name} is not a kind of file that can be sent here.",
  form: "Before we start",
  start: "Start chat",
  optional: "optional",
  missing: "Please fill this in.",
  bad_email: "This does not look like an e-mail address.",
  missing_consent: "Please agree first.",
  more: "Read more",
  form_needed: "Please fill in the form first.",
  no_answer: "We could not be reached.",
  refused: "The message was not accepted.",
  refused_file: "The file was not accepted.",
  new_tab: "opens in a new tab",
};

export type Words = typeof en;

const de: Words = {
  open: "Chat öffnen",
  close: "Chat schließen",
  title: "Chat mit {name}",
  unread_one: "1 neue Nachricht",
  unread_many: "{count} neue Nachrichten",
  online: "Antwortet meist innerhalb weniger Minuten",
  offline: "Gerade nicht da",
  offline_message: "Wir sind gerade nicht da. Hinterlassen Sie eine Nachricht, wir antworten, sobald wir zurück sind.",
  loading: "Einen Moment …",
  away: "Wir sind gerade nicht erreichbar. Ihr Text bleibt erhalten, und wir versuchen es weiter.",
  lost: "Die Verbindung ist unterbrochen. Ihr Text bleibt erhalten, und wir versuchen es weiter.",
  slow: "Das war viel auf einmal. Ihre Nachricht geht in {seconds} Sekunden hinaus.",
  slow_long: "Das war viel auf einmal. Bitte versuchen Sie es in {minutes} Minuten noch einmal.",
  try_again: "Noch einmal versuchen",
  log: "Unterhaltung",
  you: "Sie",
  agent: "Team",
  machine: "Assistent",
  automated: "Automatisch",
  disclosure: "Sie schreiben mit einem automatischen Assistenten. Ein Mensch kann jederzeit übernehmen.",
  typing: "{name} schreibt …",
  sending: "Wird gesendet …",
  sent: "Gesendet",
  read: "Gelesen",
  failed: "Nicht gesendet",
  remove: "Entfernen",
  edited: "bearbeitet",
  unsent: "Diese Nachricht wurde zurückgenommen.",
  quick_replies: "Vorgeschlagene Antworten",
  message: "Nachricht",
  placeholder: "Nachricht schreiben …",
  send: "Senden",
  attach: "Datei anhängen",
  attach_limit: "Datei anhängen, bis {size}",
  download: "{name} herunterladen, {size}",
  download_failed: "Die Datei konnte nicht geladen werden. Bitte versuchen Sie es noch einmal.",
  file_too_large: "{name} ist zu groß; erlaubt sind {size}.",
  file_type: "{name} ist keine Art von Datei, die hier gesendet werden kann.",
  form: "Bevor es losgeht",
  start: "Chat beginnen",
  optional: "freiwillig",
  missing: "Bitte füllen Sie dieses Feld aus.",
  bad_email: "Das sieht nicht wie eine E-Mail-Adresse aus.",
  missing_consent: "Bitte stimmen Sie zuerst zu.",
  more: "Mehr dazu",
  form_needed: "Bitte füllen Sie zuerst das Formular aus.",
  no_answer: "Wir waren nicht erreichbar.",
  refused: "Die Nachricht wurde nicht angenommen.",
  refused_file: "Die Datei wurde nicht angenommen.",
  new_tab: "öffnet einen neuen Tab",
};

const OURS: Record<string, Words> = { en, de };
const FROM_RIGHT = new Set(["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"]);

export interface Speech {
  language: string;
  /** For dates and numbers: the language as the visitor's own browser has it, with its country. */
  locale: string;
  direction: "ltr" | "rtl";
  words: Words;
}

/** The first wanted language that we or the company have words for, else English. */
export function speech(wanted: readonly string[], texts: Record<string, Record<string, string>>): Speech {
  const own = new Map(Object.entries(texts).map(([language, words]) => [language.toLowerCase(), words]));
  const found = wanted.filter(isLanguage).find((language) => {
    const base = baseOf(language);
    return base in OURS || own.has(base) || own.has(language.toLowerCase());
  });
  const language = found ?? "en";
  const base = baseOf(language);
  const locale = wanted.find((tag) => isLanguage(tag) && tag.includes("-") && baseOf(tag) === base) ?? language;
  const words = { ...en, ...OURS[base], ...own.get("*"), ...own.get(base), ...own.get(language.toLowerCase()) };
  return { language, locale, direction: FROM_RIGHT.has(base) ? "rtl" : "ltr", words };
}

const baseOf = (language: string): string => language.toLowerCase().split("-")[0] ?? "";

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
}

/** Puts values into a sentence. A value is never looked at for places of its own. */
export function say(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}
