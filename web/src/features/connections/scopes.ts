/** What a platform asks whoever connects an account to agree to, and why. */
const WHY: Record<string, string> = {
  pages_show_list: "See which pages you manage, so that you can choose.",
  pages_manage_metadata: "Be told of new messages and comments at once.",
  pages_messaging: "Read and answer messages to the page.",
  pages_read_engagement: "Read the page's posts and who reacts to them.",
  pages_read_user_content: "Read what people comment under the page's posts.",
  pages_manage_engagement: "Answer comments as the page.",
  business_management: "See pages and accounts that belong to a business portfolio.",
  instagram_basic: "See the Instagram account and its posts.",
  instagram_manage_messages: "Read and answer direct messages.",
  instagram_manage_comments: "Read and answer comments.",
  "tweet.read": "Read posts that mention the account.",
  "tweet.write": "Answer posts that mention the account.",
  "users.read": "See the name of the account and of those who write.",
  "dm.read": "Read direct messages.",
  "dm.write": "Answer direct messages.",
  "offline.access": "Stay connected without a new log-in every two hours.",
  r_organization_social_feed: "Read comments under the organisation's posts.",
  w_organization_social_feed: "Answer comments as the organisation.",
  rw_organization_admin: "See which organisations you administer, and be told of new comments.",
  r_organization_social: "Read comments under the organisation's posts.",
  w_organization_social: "Answer comments as the organisation.",
};

export interface Scope {
  name: string;
  why: string;
}

export const explained = (scopes: readonly string[]): Scope[] =>
  scopes.map((name) => ({ name, why: WHY[name] ?? "Set by the operator of this installation." }));
