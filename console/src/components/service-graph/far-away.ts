import { createContext } from "react";

/** Whether the map is drawn so small that only names can be read. */
export const FarAway = createContext(false);
