/** The first steps in words. The server says which of them are this person's and which are done. */

export interface Words {
  title: string;
  /** Why it is worth doing. */
  why: string;
  /** Where it is done. */
  to: string;
  action: string;
}

const STEPS: Record<string, Words> = {
  second_factor: {
    title: "Protect your account with a second factor",
    why: "A stolen password alone then opens nothing. An app on your phone or a passkey will do.",
    to: "/settings/security",
    action: "Set it up",
  },
  colleague_invited: {
    title: "Invite a colleague",
    why: "Each person has a role of their own, and the log shows who did what.",
    to: "/settings/users/invitations",
    action: "Invite somebody",
  },
  api_key_made: {
    title: "Make an API key",
    why: "Programs get a key with just the rights they need, which can be taken back at any time.",
    to: "/settings/api-keys",
    action: "Make a key",
  },
  single_sign_on: {
    title: "Let people in through your identity provider",
    why: "They log in as they do everywhere else, and lose access when they leave the company.",
    to: "/settings/sso",
    action: "Connect it",
  },
};

export interface Step extends Words {
  id: string;
  done: boolean;
}

/** A step that only a newer server knows is left out: there is nothing to say about it, and nowhere to go. */
export function stepsOf(items: readonly { id: string; done: boolean }[]): Step[] {
  return items.flatMap(({ id, done }) => {
    const words = Object.hasOwn(STEPS, id) ? STEPS[id] : undefined;
    return words ? [{ id, done, ...words }] : [];
  });
}
