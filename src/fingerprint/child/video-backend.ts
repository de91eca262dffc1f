/** Loads node-av, which is optional: its FFmpeg is GPL, and without it images are still judged. */
import { toErrorText } from './error-text.ts';

export type Av = typeof import('node-av/lib') & typeof import('node-av/constants');

export type VideoBackend =
  | { readonly av: Av; readonly missing: null }
  | { readonly av: null; readonly missing: string };

/** Never throws; `missing` says what to install. */
export async function loadVideoBackend(): Promise<VideoBackend> {
  try {
    const [lib, constants] = await Promise.all([import('node-av/lib'), import('node-av/constants')]);
    // A broken file would otherwise write thousands of lines.
    lib.Log.setLevel(constants.AV_LOG_QUIET);
    return { av: { ...lib, ...constants }, missing: null };
  } catch (error) {
    const why = toErrorText(error).split('\n', 1)[0] ?? '';
    return { av: null, missing: `videos need the optional package node-av 6.1.1 (npm install node-av@6.1.1): ${why}` };
  }
}
