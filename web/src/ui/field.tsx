/** All fields by one name. Their code is in files of its own, so that a page carries only what it uses. */
export { CheckField, CheckGroup, RadioField, SwitchField } from "./field-choice";
export { ComboField } from "./field-combo";
export { SelectField } from "./field-select";
export { CodeField, PasswordField, SearchField, TextField } from "./field-text";
export type { Option } from "./field-option";
