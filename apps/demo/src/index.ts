export { type EdgeInfo, openStack, type Stack, type StackInfo, type StackOptions } from "./stack/stack.ts";
export type { StackAddress, StackLogin } from "./stack/stack-config.ts";
