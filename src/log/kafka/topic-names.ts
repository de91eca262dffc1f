/** The full names of the topics: `<prefix>.<topic>.v1`. A change that consumers cannot read makes a new version. */
import { type Topic, topics } from '../log.ts';

export function topicNameOf(prefix: string, topic: Topic): string {
  return `${prefix}.${topic}.v1`;
}

export function topicNamesOf(prefix: string): string[] {
  return topics.map((topic) => topicNameOf(prefix, topic));
}
