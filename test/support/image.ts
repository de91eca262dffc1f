/** The Dockerfile as its stages, and the folder that its last stage would hold. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { packageFile } from '../../src/config/paths.ts';

export interface Instruction {
  readonly keyword: string;
  /** As written, continued lines joined. */
  readonly text: string;
}

export type Stage = readonly Instruction[];

function parseStages(text: string): Stage[] {
  const instructions = DockerfileParser.parse(text)
    .getInstructions()
    .map((each) => ({ keyword: each.getKeyword().toUpperCase(), text: argumentsOf(each.getTextContent()) }));
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return stages;
}

function argumentsOf(instruction: string): string {
  return instruction.replace(/^\w+\s+/, '').replace(/\\\n\s*/g, '');
}

export function imageStages(): Stage[] {
  return parseStages(readFileSync(packageFile('Dockerfile'), 'utf8'));
}

/** The words of an instruction in JSON form, such as ["tini", "--"]. */
export function jsonWords(stage: Stage, keyword: string): string[] {
  const text = stage.findLast((each) => each.keyword === keyword)?.text ?? '[]';
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}

export interface Copy {
  readonly stage: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function copiesOf(stage: Stage): Copy[] {
  return stage
    .filter(({ keyword }) => keyword === 'COPY')
    .map(({ text }) => {
      const words = text.split(/\s+/);
      const stage = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
      const paths = words.filter((word) => !word.startsWith('--'));
      return { stage, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
    });
}

/**
 * A folder with the files that the last stage copies, from this tree after `npm run build`; packages are linked. What the
 * image lacks is missing here too.
 */
export function assembleImage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-image-'));
  for (const { sources, target } of copiesOf(imageStages().at(-1) ?? [])) {
    for (const source of sources) {
      const from = packageFile(source.replace(/^\/app\//, ''));
      // Written while an image is built, and absent in a tree.
      if (source.endsWith('/revision') && !existsSync(from)) continue;
      const to = join(folder, target, target.endsWith('/') ? source : '');
      mkdirSync(dirname(to), { recursive: true });
      if (source.endsWith('/node_modules')) symlinkSync(from, to);
      else cpSync(from, to, { recursive: true });
    }
  }
  return folder;
}
