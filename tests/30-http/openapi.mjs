// Is the document on standard input OpenAPI 3.1? Says what is wrong with it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.argv[2] + "/package.json");
const { Validator } = await import(
  pathToFileURL(require.resolve("@seriousme/openapi-schema-validator")).href
);
const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(0, "utf8")));
if (!result.valid || validator.version !== "3.1") {
  console.error(validator.version, JSON.stringify(result.errors)?.slice(0, 3000));
  process.exit(1);
}
// $refs lead somewhere, too.
validator.resolveRefs();
console.log("valid OpenAPI", validator.version);
