/** A separate module, so that the YAML parser is only loaded when needed. */
export { parse as parseYaml } from "yaml";
