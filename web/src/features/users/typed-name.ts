/** What has to be typed to remove somebody: the name, if a keyboard can be expected to write it just as it is shown. */
const WRITABLE = /^[\p{L}\p{M}\p{N}.'’-]+( [\p{L}\p{M}\p{N}.'’-]+)*$/u;
const LONGEST = 40;

export function wordToType({ name, email }: { name: string; email: string }): string {
  return name.length <= LONGEST && WRITABLE.test(name) ? name : email;
}
