import { ERROR_PAGE, runGenerator } from "./tidy/generated-pages.ts";

const { code, said } = runGenerator(ERROR_PAGE, `${import.meta.dirname}/..`, process.argv.slice(2));
process.stdout.write(`${said}\n`);
process.exitCode = code;
