// What a file gives to others is taken by some other file. Types are left out: they say what a function takes and gives.

import ts from "typescript";
import { expect, it } from "vitest";

const sources = import.meta.glob<string>(["./**/*.{ts,tsx}", "!./api/types.ts", "!./main.tsx"], { query: "?raw", import: "default", eager: true });

const exported = (node: ts.Statement) => ts.canHaveModifiers(node) && ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword);

function namesOf(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  return file.statements.filter((node) => exported(node) && !ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node)).flatMap((node) => {
    if (ts.isVariableStatement(node)) return node.declarationList.declarations.flatMap((one) => (ts.isIdentifier(one.name) ? [one.name.text] : []));
    const name = (node as ts.FunctionDeclaration).name;
    return name ? [name.text] : [];
  });
}

it("gives to others nothing that nobody takes", { timeout: 60_000 }, () => {
  const texts = Object.entries(sources);
  const idle = texts.filter(([path]) => !path.includes(".test.")).flatMap(([path, text]) =>
    namesOf(path, text).filter((name) => !texts.some(([other, its]) => other !== path && new RegExp(`\\b${name}\\b`).test(its))).map((name) => `${path} ${name}`));
  expect(idle).toEqual([]);
});
