import { expect, it } from 'vitest';
import { topicNameOf, topicNamesOf } from '../../../../src/log/kafka/topic-names.ts';

it('names a topic by its prefix, its short name and its version', () => {
  expect(topicNameOf('floodgate', 'dead-letters')).toBe('floodgate.dead-letters.v1');
  expect(topicNamesOf('eu.moderation')).toEqual([
    'eu.moderation.uploads.v1',
    'eu.moderation.decisions.v1',
    'eu.moderation.stream-decisions.v1',
    'eu.moderation.fingerprints.v1',
    'eu.moderation.bank.v1',
    'eu.moderation.dead-letters.v1',
  ]);
});
