/** One thing of several that can be chosen. */
export interface Option {
  value: string;
  label: string;
  description?: string | undefined;
}
