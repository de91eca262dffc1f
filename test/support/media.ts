/** Real media for measuring, outside the repository: `FLOODGATE_MEDIA`, by default beside it. Tests run without, too. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageFile } from '../../src/config/paths.ts';

export const mediaFolder = resolve(process.env.FLOODGATE_MEDIA ?? packageFile('../shared/media'));
export const mediaPresent = existsSync(join(mediaFolder, 'README.md'));
