/**
 * Passkeys: what the server asks is put to the browser, and what the device answers is given back as JSON. Whatever the
 * person or the browser does not want becomes a problem with a sentence of its own.
 */
import { ProblemError } from "./problems";

/** What the API calls `options`: the ceremony's parameters under `publicKey`. */
type Options = object;
/** What the API calls `credential`. */
type Credential = Record<string, never>;

export function passkeysSupported(): boolean {
  return typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;
}

/** Whether passkeys can be offered among what the browser fills in, without a button. */
export async function autofillSupported(): Promise<boolean> {
  if (!passkeysSupported() || !("isConditionalMediationAvailable" in PublicKeyCredential)) return false;
  return PublicKeyCredential.isConditionalMediationAvailable().catch(() => false);
}

/** A new passkey on this person's device. */
export async function createPasskey(options: Options, signal?: AbortSignal): Promise<Credential> {
  return answer(signal, () =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(parameters(options)),
      ...(signal && { signal }),
    }),
  );
}

/**
 * The answer of a passkey that exists. With `autofill` nothing is shown until the person picks one in a field that says
 * `autocomplete="webauthn"`, which may never happen: end it by the signal.
 */
export async function askPasskey(options: Options, signal?: AbortSignal, autofill = false): Promise<Credential> {
  return answer(signal, () =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(parameters(options)),
      ...(autofill && { mediation: "conditional" as const }),
      ...(signal && { signal }),
    }),
  );
}

async function answer(signal: AbortSignal | undefined, ceremony: () => Promise<unknown>): Promise<Credential> {
  if (!passkeysSupported()) throw trouble(UNSUPPORTED);
  try {
    const credential = await ceremony();
    if (!(credential instanceof PublicKeyCredential)) throw trouble(REFUSED);
    return JSON.parse(JSON.stringify(credential));
  } catch (error) {
    if (signal?.aborted || error instanceof ProblemError) throw error;
    throw trouble(error instanceof DOMException ? (TROUBLES[error.name] ?? REFUSED) : REFUSED);
  }
}

/** The API description says of them no more than that they are an object. */
const parameters = (options: Options) => Reflect.get(options, "publicKey");

interface Trouble {
  title: string;
  detail: string;
  advice: string;
}

const UNSUPPORTED: Trouble = {
  title: "This browser cannot use passkeys",
  detail: "It is too old, or passkeys are switched off in it.",
  advice: "Use another way, or a newer browser.",
};
const REFUSED: Trouble = {
  title: "The passkey did not work",
  detail: "The browser or the device gave no usable answer.",
  advice: "Try again, or use another way.",
};
/** By the names of the browser's exceptions. */
const TROUBLES: Record<string, Trouble> = {
  NotAllowedError: {
    title: "No passkey was used",
    detail: "The browser’s window was closed, it took too long, or this device has no passkey for you.",
    advice: "Try again, or use another way.",
  },
  InvalidStateError: {
    title: "This device has a passkey already",
    detail: "It was set up before, so there is nothing to do.",
    advice: "Use another device if you want a second passkey.",
  },
  SecurityError: {
    title: "Passkeys do not work at this address",
    detail: "They belong to the address that the operator set for this installation.",
    advice: "Open the app at that address, or use another way.",
  },
};

function trouble({ title, detail, advice }: Trouble): ProblemError {
  return new ProblemError({
    type: "about:blank",
    code: "passkey_unused",
    status: 0,
    request_id: "",
    title,
    detail,
    advice,
  });
}
