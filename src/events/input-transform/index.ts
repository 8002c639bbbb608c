export {
  applyInputPath,
  applyInputTransformer,
  type EventInputContext,
  type InputTransformer,
  parseInputPath,
  parseInputTransformer,
} from "./event-input.ts";
export { type CompiledPath, InvalidTransform, parseJsonPath, resolvePath } from "./json-path.ts";
export {
  applyPipeTemplate,
  decodePipeRecord,
  type PipeInput,
  type PipeInputContext,
  type PipeTemplate,
  parsePipeTemplate,
} from "./pipe-input.ts";
export { applySchedulerContext, type SchedulerInputContext } from "./scheduler-input.ts";
export { jsonText, minify, type Rendered } from "./template.ts";
