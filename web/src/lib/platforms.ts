/** The platforms on which people write to the workspace, as people call them. */
const TITLES: Record<string, string> = {
  facebook: "Facebook",
  instagram: "Instagram",
  x: "X",
  linkedin: "LinkedIn",
  web_chat: "Web chat",
};

/** What a newer server knows is called by its own word. */
export const platformTitle = (platform: string): string => TITLES[platform] ?? platform.replaceAll("_", " ");
