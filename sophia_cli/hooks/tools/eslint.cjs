// Judges files with the ESLint of the node_modules folder named: [[name, path, file of its text],
// ...] on stdin, {name: messages} on stdout. Only errors count, as for `eslint --quiet`.
"use strict";
const fs = require("fs");
const path = require("path");

async function main(modules, root) {
  const given = JSON.parse(fs.readFileSync(0, "utf8"));
  const library = require(path.join(modules, "eslint"));
  const ESLint = library.loadESLint ? await library.loadESLint({ cwd: root }) : library.ESLint;
  const eslint = new ESLint({ cwd: root });
  const told = {};
  for (const [name, filePath, text] of given) {
    const options = { filePath, warnIgnored: false };
    const results = await eslint.lintText(fs.readFileSync(text, "utf8"), options);
    told[name] = results.flatMap((result) => result.messages.filter((one) => one.severity === 2));
  }
  process.stdout.write(JSON.stringify(told));
}

main(process.argv[2], process.argv[3]).catch((error) => {
  process.stderr.write(`${error.stack || error}\n${error.message || error}\n`.replace(/\n+/g, "\n"));
  process.exitCode = 2;
});
