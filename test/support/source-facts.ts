/** What the house rules ask about a source file, read from its syntax tree so that comments and texts do not count. */
import ts from 'typescript';

export interface LongFunction {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export function parse(text: string): ts.SourceFile {
  return ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
}

/** Functions, methods, accessors, constructors and arrows with more lines than `linesMax`, nested ones included. */
export function longFunctions(source: ts.SourceFile, linesMax: number): LongFunction[] {
  const found: LongFunction[] = [];
  visit(source, (node) => {
    if (!isFunctionWithBody(node)) return;
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const lines = source.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1;
    if (lines > linesMax) found.push({ name: nameOf(node), line: first + 1, lines });
  });
  return found;
}

/** True when there is something to test: a function that does something. Types, schemas and tables are data. */
export function hasLogic(source: ts.SourceFile): boolean {
  let found = false;
  visit(source, (node) => {
    found ||= isFunctionWithBody(node);
  });
  return found;
}

/** Uses of Node's `process`, by its global, by globalThis or by import; `execPath` is a constant and free. */
export function processUses(source: ts.SourceFile): string[] {
  const uses: string[] = [];
  const shadowed = declaredNames(source).includes('process');
  visit(source, (node) => {
    if (ts.isImportDeclaration(node) && isText(node.moduleSpecifier, 'node:process', 'process')) {
      if (!importsOnly(node, 'execPath')) uses.push(node.getText(source));
    }
    if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return;
    const owner = node.expression.getText(source);
    if ((owner === 'process' && !shadowed) || owner === 'globalThis.process') uses.push(node.getText(source));
  });
  return uses;
}

/** Whether the identifier `name` occurs outside comments and texts. */
export function mentions(source: ts.SourceFile, name: string): boolean {
  let found = false;
  visit(source, (node) => {
    found ||= ts.isIdentifier(node) && node.text === name;
  });
  return found;
}

/** The names that a file gives: variables, parameters, functions, classes, types and members. Imports are not its own. */
export function declaredNames(source: ts.SourceFile): string[] {
  const names: string[] = [];
  visit(source, (node) => {
    if (ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node)) return;
    const name = (node as { name?: ts.Node }).name;
    const isDeclaration = !ts.isPropertyAccessExpression(node) && !ts.isMetaProperty(node);
    if (isDeclaration && name !== undefined && (ts.isIdentifier(name) || ts.isPrivateIdentifier(name))) {
      names.push(name.text.replace(/^#/, ''));
    }
  });
  return names;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

function isFunctionWithBody(node: ts.Node): boolean {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function nameOf(node: ts.Node): string {
  const own = (node as { name?: ts.Node }).name;
  if (own !== undefined) return own.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'anonymous';
}

function isText(node: ts.Node, ...texts: string[]): boolean {
  return ts.isStringLiteral(node) && texts.includes(node.text);
}

function importsOnly(node: ts.ImportDeclaration, name: string): boolean {
  const bindings = node.importClause?.namedBindings;
  if (node.importClause?.name !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.every((element) => (element.propertyName ?? element.name).text === name);
}
