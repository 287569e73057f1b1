// AWS's SDK for JavaScript v3 against the S3 of vaultd: by hand, where npm can be asked.
//	npm install @aws-sdk/client-s3
//	AWS_ENDPOINT_URL=http://127.0.0.1:PORT node sdk.mjs
// There must be a bucket named bkt.  Prints "done".
import { S3Client, PutObjectCommand, GetObjectCommand, RestoreObjectCommand, HeadObjectCommand, ListObjectsV2Command,
	DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import assert from 'node:assert/strict';

const endpoint = process.env.AWS_ENDPOINT_URL, region = 'us-east-1';
const data = randomBytes((1 << 20) + 5);
const s3 = new S3Client({ endpoint, region, forcePathStyle: true, maxAttempts: 1 });
const b = { Bucket: 'bkt' };
await s3.send(new PutObjectCommand({ ...b, Key: 'js', Body: data, StorageClass: 'GLACIER' }));
await s3.send(new PutObjectCommand({ ...b, Key: 'js2', Body: Readable.from([data]), ContentLength: data.length }));
assert.deepEqual(Buffer.from(await (await s3.send(new GetObjectCommand({ ...b, Key: 'js2' }))).Body.transformToByteArray()), data);
await assert.rejects(s3.send(new GetObjectCommand({ ...b, Key: 'js' })), { name: 'InvalidObjectState' });
await s3.send(new RestoreObjectCommand({ ...b, Key: 'js', RestoreRequest: { Days: 1, GlacierJobParameters: { Tier: 'Bulk' } } }));
assert.match((await s3.send(new HeadObjectCommand({ ...b, Key: 'js' }))).Restore, /ongoing-request="false"/);
assert.deepEqual(Buffer.from(await (await s3.send(new GetObjectCommand({ ...b, Key: 'js' }))).Body.transformToByteArray()), data);
assert.deepEqual((await s3.send(new ListObjectsV2Command({ ...b, Prefix: 'js' }))).Contents.map(c => c.Key), ['js', 'js2']);
await s3.send(new DeleteObjectsCommand({ ...b, Delete: { Objects: [{ Key: 'js' }, { Key: 'js2' }] } }));
console.log('done');
