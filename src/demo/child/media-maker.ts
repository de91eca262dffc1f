/** Entry of the child process that makes media: one job at a time over IPC, each answered once. */
import type { JobMessage, JobReply, MediaJob } from '../media-job.ts';

// The AV1 encoder prints its settings per file unless told to speak of errors only.
process.env.SVT_LOG = '1';

process.on('message', (message) => {
  const { id, job } = message as JobMessage;
  void run(job).then(
    (value) => reply({ id, ok: true, value }),
    (error: unknown) => reply({ id, ok: false, message: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group of processes; the parent says when it is over.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});

function reply(message: JobReply): void {
  process.send?.(message);
}

/** FFmpeg is loaded by the first job that needs it, so that images work where it is not installed. */
async function run(job: MediaJob): Promise<unknown> {
  switch (job.kind) {
    case 'probe':
      return canMakeVideo();
    case 'film':
      return (await import('./render-film.ts')).renderFilm(job);
    case 'transcode':
      return (await import('./transcode.ts')).transcode(job);
    case 'still':
      return (await import('./image-jobs.ts')).renderStill(job);
    case 'edit-image':
      return (await import('./image-jobs.ts')).editImage(job);
  }
}

async function canMakeVideo(): Promise<boolean> {
  try {
    await import('./transcode.ts');
    return true;
  } catch {
    return false;
  }
}
