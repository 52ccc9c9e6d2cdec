/** Inside a table's row the row takes the focus, and what stands in its cells takes none. */
import { createContext } from "react";

export const InRow = createContext(false);
