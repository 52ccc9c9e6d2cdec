/** In forms of one or two fields all of them are needed, and a star at each would say nothing. */
export const filled = (label: string) => ({
  validate: (text: string) => text.trim() !== "" || `Fill in ${label}.`,
});
