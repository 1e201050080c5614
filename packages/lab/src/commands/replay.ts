import type { RegisterCommand } from "../context.ts";

export const register: RegisterCommand = () => {};
