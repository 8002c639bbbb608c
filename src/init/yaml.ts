/** A module of its own, so that who has no YAML does not load its parser. */
export { parse as parseYaml } from "yaml";
