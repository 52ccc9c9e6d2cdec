/** The workspace's own app at a platform: what its form holds, and what the server is told. */
import type { Schemas } from "@/lib/api";

type Content = Schemas["ChannelAppContent"];

/** Named as the server names them, so that what it complains about finds its field. */
export interface AppValues {
  client_id: string;
  client_secret: string;
  signing_secrets: string;
  verify_tokens: string;
  application_id: string;
}

export const EMPTY: AppValues = {
  client_id: "",
  client_secret: "",
  signing_secrets: "",
  verify_tokens: "",
  application_id: "",
};

interface FieldWords {
  label: string;
  hint: string;
}

/** What the platform's console calls each field; a platform without an entry has no such thing. */
export interface Console {
  client_id: FieldWords;
  client_secret: FieldWords;
  signing_secrets?: FieldWords;
  verify_tokens?: FieldWords;
  application_id?: FieldWords;
  guide: string;
}

const META = {
  client_id: { label: "App ID", hint: "In Meta's console: App settings, Basic." },
  client_secret: { label: "App secret", hint: "On the same page, behind Show. Deliveries are signed with it, too." },
  verify_tokens: {
    label: "Verify token",
    hint: "A long random word of your choice. Type the same into the webhook's form at Meta.",
  },
};

export const CONSOLES: Record<string, Console> = {
  facebook: { ...META, guide: "docs/connect-facebook.md" },
  instagram: { ...META, guide: "docs/connect-instagram.md" },
  x: {
    client_id: { label: "Client ID", hint: "In X's console: your app, Keys and tokens, OAuth 2.0." },
    client_secret: { label: "Client secret", hint: "On the same page; X shows it once." },
    signing_secrets: {
      label: "API key secret",
      hint: "The consumer secret, which X signs deliveries with. It is another one than the client secret.",
    },
    guide: "docs/connect-x.md",
  },
  linkedin: {
    client_id: { label: "Client ID", hint: "In LinkedIn's console: your app, Auth." },
    client_secret: { label: "Primary client secret", hint: "On the same page. Deliveries are signed with it, too." },
    application_id: {
      label: "Application number",
      hint: "The number in the address of the app in LinkedIn's console. Needed for deliveries.",
    },
    guide: "docs/connect-linkedin.md",
  },
};

/** One a line: two during a rotation. */
export const linesOf = (text: string): string[] =>
  text
    .split(/\s+/)
    .map((line) => line.trim())
    .filter(Boolean);

export function contentOf(values: AppValues): Content {
  const number = values.application_id.trim();
  return {
    client_id: values.client_id.trim(),
    client_secret: values.client_secret.trim(),
    signing_secrets: linesOf(values.signing_secrets),
    verify_tokens: linesOf(values.verify_tokens),
    ...(number && { application_id: number }),
  };
}
