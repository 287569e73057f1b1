// AWS's SDK for JavaScript v3 against a vault of vaultd; tests/vaultd-clients.t runs it where npm has it.
// Prints the id of an archive that it leaves, and "done".
import { GlacierClient, CreateVaultCommand, UploadArchiveCommand, InitiateMultipartUploadCommand, UploadMultipartPartCommand,
	CompleteMultipartUploadCommand, InitiateJobCommand, GetJobOutputCommand, ListVaultsCommand, DeleteArchiveCommand } from '@aws-sdk/client-glacier';
import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';

const endpoint = process.env.AWS_ENDPOINT_URL, region = 'us-east-1';
const g = new GlacierClient({ endpoint, region, maxAttempts: 1 });
const v = { accountId: '-', vaultName: 'js' };
const data = randomBytes((1 << 20) + 5);
await g.send(new CreateVaultCommand(v));
const one = await g.send(new UploadArchiveCommand({ ...v, body: data, archiveDescription: 'one' }));
const up = await g.send(new InitiateMultipartUploadCommand({ ...v, partSize: String(1 << 20) }));
for (const at of [0, 1 << 20]) {
	const body = data.subarray(at, at + (1 << 20));
	await g.send(new UploadMultipartPartCommand({ ...v, uploadId: up.uploadId, range: `bytes ${at}-${at + body.length - 1}/*`, body }));
}
const two = await g.send(new CompleteMultipartUploadCommand({ ...v, uploadId: up.uploadId, archiveSize: String(data.length), checksum: one.checksum }));
for (const a of [one, two]) {
	const job = await g.send(new InitiateJobCommand({ ...v, jobParameters: { Type: 'archive-retrieval', ArchiveId: a.archiveId } }));
	const out = await g.send(new GetJobOutputCommand({ ...v, jobId: job.jobId }));
	assert.deepEqual(Buffer.from(await out.body.transformToByteArray()), data);
	await g.send(new DeleteArchiveCommand({ ...v, archiveId: a.archiveId }));
}
assert.ok((await g.send(new ListVaultsCommand({ accountId: '-' }))).VaultList.some(x => x.VaultName === 'js'));
const left = await g.send(new UploadArchiveCommand({ ...v, body: Buffer.from('left by the SDK'), archiveDescription: 'left' }));
console.log(left.archiveId);
console.log('done');
