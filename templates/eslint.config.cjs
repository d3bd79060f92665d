// What is likely a mistake; how code looks is not asked for here. CommonJS, so that
// `require` finds the packages where they are installed beside the hook, too.
const js = require("@eslint/js");
const globals = require("globals");
const hooks = require("eslint-plugin-react-hooks");
const ts = require("typescript-eslint");

module.exports = [
  { ignores: ["**/dist/", "**/build/", "**/coverage/", "**/*.min.js"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "warn",
    },
  },
  {
    files: ["**/*.{js,cjs}"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
];
