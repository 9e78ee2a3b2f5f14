import { CONFIG_PAGE, runGenerator } from "./tidy/generated-pages.ts";

const { code, said } = runGenerator(CONFIG_PAGE, `${import.meta.dirname}/..`, process.argv.slice(2));
process.stdout.write(`${said}\n`);
process.exitCode = code;
