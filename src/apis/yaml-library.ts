/**
 * The parts of the library that are used, imported by name: only from static imports does the bundler drop the rest.
 */
export { Composer, isScalar, Lexer, Parser } from "yaml";
