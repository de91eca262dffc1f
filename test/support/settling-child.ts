/**
 * Works uploads through the embedded log until it is killed: the victim of the torn-settle test.
 * Arguments: the database file and how many uploads there are in all.
 */
import { openSqliteLog } from '../../src/log/sqlite-log.ts';
import { consumeGroup, lagOf, never, recordOf, settlementOf } from './log-records.ts';

const [path = '', total = '0'] = process.argv.slice(2);
const log = await openSqliteLog({ path, logFreeBytesMin: 0 });
const ends = await log.ends('uploads');
if (ends.every(({ endOffset }) => endOffset === 0)) {
  await log.append(Array.from({ length: Number(total) }, (_, place) => recordOf('uploads', `upload-${place}`)));
}
const consumer = await consumeGroup(log, 'pipeline');
process.stdout.write('settling\n');
for (;;) {
  if ((await lagOf(consumer)).records === 0) break;
  const records = await consumer.poll(7, never);
  // Out of order, a few at once, two outputs each: a torn commit would leave one without the other.
  const settling = records.reverse().map((record) => {
    const outputs = [recordOf('decisions', record.key), recordOf('dead-letters', record.key)];
    return consumer.settle([settlementOf(record, ...outputs)]);
  });
  await Promise.all(settling);
}
await log.close();
process.stdout.write('done\n');
