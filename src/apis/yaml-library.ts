/** The part of the library that documents are read with, by its names: the bundle has those of static imports alone. */
export { Composer, isScalar, Lexer, Parser } from "yaml";
