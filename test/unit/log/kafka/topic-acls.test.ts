/** Goal: each principal gets what it needs and no more. That Kafka takes the commands is shown in kafka-topics.test.ts. */
import { describe, expect, it } from 'vitest';
import { type AclOptions, aclCommands, grantsOf } from '../../../../src/log/kafka/topic-acls.ts';

const options: AclOptions = { prefix: 'fg', group: 'pipeline', enforcementGroup: 'enforcers' };
const told = (more: Partial<AclOptions>) =>
  grantsOf({ ...options, ...more }).map(
    ({ resource, name, operations }) => `${operations.join('+')} ${resource} ${name}`,
  );

describe('the rights', () => {
  it('of the service are on its topics, its group and its transactional ids', () => {
    expect(told({ service: 'User:s' })).toEqual([
      'Read+Write+DescribeConfigs topic fg.uploads.v1',
      'Read+Write+DescribeConfigs topic fg.decisions.v1',
      'Read+Write+DescribeConfigs topic fg.stream-decisions.v1',
      'Read+Write+DescribeConfigs topic fg.fingerprints.v1',
      'Read+Write+DescribeConfigs topic fg.bank.v1',
      'Read+Write+DescribeConfigs topic fg.dead-letters.v1',
      'Read group pipeline',
      'Write+Describe transactional-id pipeline.',
    ]);
  });

  it('of the neighbours are on what they have to do with', () => {
    expect(told({ producer: 'User:p' })).toEqual(['Write topic fg.uploads.v1']);
    expect(told({ enforcement: 'User:e' })).toEqual([
      'Read topic fg.decisions.v1',
      'Read topic fg.stream-decisions.v1',
      'Read group enforcers',
    ]);
    expect(told({})).toEqual([]);
  });

  it('are printed so that a shell takes each principal as one word', () => {
    const [command] = aclCommands(grantsOf({ ...options, producer: "User:CN=o'neil x" }), ['a:1', 'b:2']);
    expect(command).toBe(
      `kafka-acls --bootstrap-server a:1,b:2 --add --allow-principal 'User:CN=o'\\''neil x' --operation Write --topic fg.uploads.v1`,
    );
  });
});
