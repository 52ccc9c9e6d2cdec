/** One tab at a time. Browsers have locks on https and localhost only; elsewhere each tab is on its own. */
export function exclusively<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!("locks" in navigator)) return work();
  return signal ? navigator.locks.request(name, { signal }, work) : navigator.locks.request(name, work);
}
