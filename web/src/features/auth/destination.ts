/** Where a log-in leads to: the page that somebody came from, as long as it is one of ours. */

const LONGEST = 300;
/** Pages for strangers: nobody is sent back to those. */
const DOORS = /^\/(login|forgot|reset|invitation)(?![^/?#])/;

/** A local path, else the home page: the address bar is not to be trusted, anybody can write a link. */
export function destination(wanted: string | null): string {
  if (!wanted || !wanted.startsWith("/") || wanted.length > LONGEST) return "/";
  // What a browser would read as another host, however it is written: "//host", "/\host", "/<tab>/host".
  if (/^\/[/\\]/.test(wanted) || /[\\\p{Cc}]/u.test(wanted) || DOORS.test(wanted)) return "/";
  return wanted;
}

/** Single sign-on of a workspace is no call but a journey of the whole page. */
export function singleSignOnAddress(slug: string, returnTo: string): string {
  return `/api/v1/auth/sso/${encodeURIComponent(slug)}/start?return_to=${encodeURIComponent(returnTo)}`;
}
