# Every call of the vault API that vaultd has, as boto3 makes it.  Prints "done".
import io, json, os
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import calculate_tree_hash

MIB = 1 << 20
g = boto3.client('glacier', endpoint_url=os.environ['AWS_ENDPOINT_URL'], config=Config(retries={'total_max_attempts': 1}))


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response['Error']['Code'] == code, e.response
        return
    raise AssertionError(f'not refused: {code}')


def tree(data):
    return calculate_tree_hash(io.BytesIO(data))


v = dict(vaultName='boto3')
r = g.create_vault(**v)
assert r['location'].endswith('/vaults/boto3')
assert g.describe_vault(**v)['VaultName'] == 'boto3'
assert 'boto3' in [x['VaultName'] for page in g.get_paginator('list_vaults').paginate() for x in page['VaultList']]
data = os.urandom(5 * MIB + 77)
one = g.upload_archive(archiveDescription='one piece', body=data, **v)
assert one['checksum'] == tree(data)
up = g.initiate_multipart_upload(archiveDescription='parts', partSize=str(2 * MIB), **v)
u = dict(uploadId=up['uploadId'], **v)
for at in (4 * MIB, 0, 2 * MIB):
    part = data[at:at + 2 * MIB]
    r = g.upload_multipart_part(range=f'bytes {at}-{at + len(part) - 1}/*', body=part, **u)
    assert r['checksum'] == tree(part)
r = g.list_parts(**u)
assert [p['RangeInBytes'] for p in r['Parts']] == ['0-2097151', '2097152-4194303', f'4194304-{len(data) - 1}']
assert [x['MultipartUploadId'] for x in g.list_multipart_uploads(**v)['UploadsList']] == [up['uploadId']]
refused('InvalidParameterValueException', g.complete_multipart_upload, archiveSize=str(len(data) - 1), checksum=tree(data), **u)
two = g.complete_multipart_upload(archiveSize=str(len(data)), checksum=tree(data), **u)
assert g.complete_multipart_upload(archiveSize=str(len(data)), checksum=tree(data), **u)['archiveId'] == two['archiveId']
up = g.initiate_multipart_upload(partSize=str(MIB), **v)
g.abort_multipart_upload(uploadId=up['uploadId'], **v)
refused('ResourceNotFoundException', g.list_parts, uploadId=up['uploadId'], **v)
job = g.initiate_job(jobParameters={'Type': 'archive-retrieval', 'ArchiveId': two['archiveId'], 'Tier': 'Bulk', 'Description': 'd',
                                    'RetrievalByteRange': f'0-{4 * MIB - 1}'}, **v)['jobId']
j = g.describe_job(jobId=job, **v)
assert j['StatusCode'] == 'Succeeded' and j['SHA256TreeHash'] == tree(data[:4 * MIB]) and j['ArchiveSizeInBytes'] == len(data)
r = g.get_job_output(jobId=job, **v)
assert r['body'].read() == data[:4 * MIB] and r['checksum'] == tree(data[:4 * MIB]) and r['archiveDescription'] == 'parts'
r = g.get_job_output(jobId=job, range='bytes=1048576-2097151', **v)
assert r['status'] == 206 and r['body'].read() == data[MIB:2 * MIB] and r['contentRange'] == 'bytes 1048576-2097151/4194304'
job = g.initiate_job(jobParameters={'Type': 'inventory-retrieval', 'Format': 'JSON'}, **v)['jobId']
inventory = json.loads(g.get_job_output(jobId=job, **v)['body'].read())
assert sorted((a['ArchiveDescription'], a['Size'], a['SHA256TreeHash']) for a in inventory['ArchiveList']) == [
    ('one piece', len(data), tree(data)), ('parts', len(data), tree(data))]
assert len([j for page in g.get_paginator('list_jobs').paginate(completed='true', **v) for j in page['JobList']]) == 2
waiter = g.get_waiter('vault_exists')
waiter.wait(**v)
assert g.list_tags_for_vault(**v)['Tags'] == {}
assert g.get_data_retrieval_policy()['Policy']['Rules'][0]['Strategy'] == 'None'
assert g.list_provisioned_capacity()['ProvisionedCapacityList'] == []
refused('ResourceNotFoundException', g.get_vault_notifications, **v)
refused('ResourceNotFoundException', g.get_vault_access_policy, **v)
refused('ResourceNotFoundException', g.get_vault_lock, **v)
refused('AccessDeniedException', g.add_tags_to_vault, Tags={'a': 'b'}, **v)
refused('AccessDeniedException', g.initiate_vault_lock, policy={'Policy': '{}'}, **v)
refused('AccessDeniedException', g.set_data_retrieval_policy, Policy={'Rules': [{'Strategy': 'FreeTier'}]})
for a in inventory['ArchiveList']:
    g.delete_archive(archiveId=a['ArchiveId'], **v)
    g.delete_archive(archiveId=a['ArchiveId'], **v)
g.delete_vault(**v)
refused('ResourceNotFoundException', g.describe_vault, **v)
print('done')
