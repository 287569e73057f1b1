# The S3 calls of vaultd as boto3 makes them; argument: a call of the table below.  Prints one line where all is well.
import base64, hashlib, os, sys, time
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1 << 20
s3 = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'],
                  config=Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}))


def refused(code, status, call, **args):
    try:
        call(**args)
    except ClientError as e:
        got = (e.response['Error']['Code'], e.response['ResponseMetadata']['HTTPStatusCode'])
        assert got == (code, status), got
        return e.response
    raise AssertionError(f'not refused: {code}')


def sha(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def buckets():
    s3.create_bucket(Bucket='one.two')
    s3.create_bucket(Bucket='two')
    assert [b['Name'] for b in s3.list_buckets()['Buckets']] == ['bkt', 'one.two', 'two']
    s3.head_bucket(Bucket='two')
    assert s3.get_bucket_location(Bucket='two')['LocationConstraint'] is None
    s3.put_object(Bucket='two', Key='x', Body=b'')
    refused('BucketNotEmpty', 409, s3.delete_bucket, Bucket='two')
    s3.delete_object(Bucket='two', Key='x')
    s3.delete_bucket(Bucket='two')
    s3.delete_bucket(Bucket='one.two')
    refused('404', 404, s3.head_bucket, Bucket='two')
    refused('NoSuchBucket', 404, s3.list_objects_v2, Bucket='two')


def objects():
    data = os.urandom(3 * MIB + 5)
    r = s3.put_object(Bucket='bkt', Key='a b/ü+%/c', Body=data, Metadata={'tree': 'x', 'Two': 'y z'}, Tagging='k=v&l=w%20x',
                      ContentType='text/x', ChecksumAlgorithm='SHA256', ServerSideEncryption='AES256')
    assert r['ETag'] == '"' + hashlib.md5(data).hexdigest() + '"' and r['ChecksumSHA256'] == sha(data)
    r = s3.get_object(Bucket='bkt', Key='a b/ü+%/c', ChecksumMode='ENABLED')
    assert r['Body'].read() == data and r['Metadata'] == {'tree': 'x', 'two': 'y z'} and r['ContentType'] == 'text/x'
    assert r['TagCount'] == 2 and r['ChecksumSHA256'] == sha(data) and r['ContentLength'] == len(data)
    r = s3.head_object(Bucket='bkt', Key='a b/ü+%/c')
    assert r['ContentLength'] == len(data) and 'StorageClass' not in r and 'ChecksumSHA256' not in r
    for rng, want in (('bytes=5-9', data[5:10]), ('bytes=3145728-', data[3145728:]), ('bytes=-3', data[-3:]),
                      ('bytes=0-99999999', data)):
        r = s3.get_object(Bucket='bkt', Key='a b/ü+%/c', Range=rng)
        assert r['Body'].read() == want and r['ResponseMetadata']['HTTPStatusCode'] == 206, rng
    refused('InvalidRange', 416, s3.get_object, Bucket='bkt', Key='a b/ü+%/c', Range='bytes=99999999-')
    assert s3.get_object_tagging(Bucket='bkt', Key='a b/ü+%/c')['TagSet'] == [{'Key': 'k', 'Value': 'v'}, {'Key': 'l', 'Value': 'w x'}]
    tags = [{'Key': 'a b', 'Value': 'ü&='}, {'Key': 'e', 'Value': ''}]
    s3.put_object_tagging(Bucket='bkt', Key='a b/ü+%/c', Tagging={'TagSet': tags})
    assert s3.get_object_tagging(Bucket='bkt', Key='a b/ü+%/c')['TagSet'] == tags
    assert s3.get_object(Bucket='bkt', Key='a b/ü+%/c')['Body'].read() == data
    assert s3.head_object(Bucket='bkt', Key='a b/ü+%/c')['Metadata'] == {'tree': 'x', 'two': 'y z'}
    s3.delete_object_tagging(Bucket='bkt', Key='a b/ü+%/c')
    assert s3.get_object_tagging(Bucket='bkt', Key='a b/ü+%/c')['TagSet'] == []
    refused('NoSuchKey', 404, s3.get_object, Bucket='bkt', Key='nope')
    refused('404', 404, s3.head_object, Bucket='bkt', Key='nope')
    s3.put_object(Bucket='bkt', Key='empty', Body=b'')
    assert s3.get_object(Bucket='bkt', Key='empty')['Body'].read() == b''
    s3.put_object(Bucket='bkt', Key='empty', Body=b'more')
    assert s3.get_object(Bucket='bkt', Key='empty')['Body'].read() == b'more'
    s3.delete_object(Bucket='bkt', Key='empty')
    s3.delete_object(Bucket='bkt', Key='empty')
    refused('NoSuchKey', 404, s3.get_object, Bucket='bkt', Key='empty')
    refused('InvalidStorageClass', 400, s3.put_object, Bucket='bkt', Key='x', Body=b'x', StorageClass='COLD')
    refused('MetadataTooLarge', 400, s3.put_object, Bucket='bkt', Key='x', Body=b'x', Metadata={'m': 'x' * 2048})
    refused('KeyTooLongError', 400, s3.put_object, Bucket='bkt', Key='k' * 1025, Body=b'x')
    refused('BadDigest', 400, s3.put_object, Bucket='bkt', Key='x', Body=b'x', ContentMD5=base64.b64encode(b'0' * 16).decode())
    refused('BadDigest', 400, s3.put_object, Bucket='bkt', Key='x', Body=b'x', ChecksumSHA256=sha(b'y'))
    refused('AccessDenied', 403, s3.put_object, Bucket='bkt', Key='x', Body=b'x', ExpectedBucketOwner='000000000000')
    refused('NoSuchKey', 404, s3.get_object, Bucket='bkt', Key='x')
    for alg in 'CRC32', 'SHA1', 'SHA256':
        s3.put_object(Bucket='bkt', Key='sums', Body=data, ChecksumAlgorithm=alg)


def lists():
    for k in ['a', 'b/1', 'b/2', 'b/3/x', 'c', 'd/1', 'é<&>']:
        s3.put_object(Bucket='bkt', Key='l/' + k, Body=b'x', StorageClass='DEEP_ARCHIVE')
    def names(r):
        return [c['Key'] for c in r.get('Contents', [])], [p['Prefix'] for p in r.get('CommonPrefixes', [])]
    r = s3.list_objects_v2(Bucket='bkt', Prefix='l/')
    assert names(r)[0] == ['l/a', 'l/b/1', 'l/b/2', 'l/b/3/x', 'l/c', 'l/d/1', 'l/é<&>'] and not r['IsTruncated']
    assert r['KeyCount'] == 7 and r['Contents'][0]['StorageClass'] == 'DEEP_ARCHIVE' and r['Contents'][0]['Size'] == 1
    r = s3.list_objects_v2(Bucket='bkt', Prefix='l/', Delimiter='/')
    assert names(r) == (['l/a', 'l/c', 'l/é<&>'], ['l/b/', 'l/d/'])
    for size in 1, 2, 3, 7:
        for kw in {}, {'Delimiter': '/'}:
            for op in 'list_objects_v2', 'list_objects':
                keys, prefixes = [], []
                for page in s3.get_paginator(op).paginate(Bucket='bkt', Prefix='l/', PaginationConfig={'PageSize': size}, **kw):
                    k, p = names(page)
                    assert len(k) + len(p) <= size
                    keys += k
                    prefixes += p
                assert (keys, prefixes) == ((['l/a', 'l/c', 'l/é<&>'], ['l/b/', 'l/d/']) if kw else
                    (['l/a', 'l/b/1', 'l/b/2', 'l/b/3/x', 'l/c', 'l/d/1', 'l/é<&>'], [])), (size, kw, op, keys, prefixes)
    r = s3.list_objects_v2(Bucket='bkt', Prefix='l/', StartAfter='l/b/2')
    assert names(r)[0] == ['l/b/3/x', 'l/c', 'l/d/1', 'l/é<&>']
    r = s3.delete_objects(Bucket='bkt', Delete={'Objects': [{'Key': 'l/a'}, {'Key': 'l/é<&>'}, {'Key': 'never'}]})
    assert [d['Key'] for d in r['Deleted']] == ['l/a', 'l/é<&>', 'never']
    assert names(s3.list_objects_v2(Bucket='bkt', Prefix='l/'))[0] == ['l/b/1', 'l/b/2', 'l/b/3/x', 'l/c', 'l/d/1']


def multipart():
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), os.urandom(7)]
    up = s3.create_multipart_upload(Bucket='bkt', Key='m', StorageClass='GLACIER', Metadata={'tree': 'x'}, ChecksumAlgorithm='SHA256')['UploadId']
    args = dict(Bucket='bkt', Key='m', UploadId=up)
    def put(n, data):
        return s3.upload_part(PartNumber=n, Body=data, ChecksumAlgorithm='SHA256', **args)
    refused('InvalidRequest', 400, s3.upload_part, PartNumber=1, Body=b'x', **args)
    put(2, parts[0])
    tags = {n: put(n, parts[n - 1]) for n in (3, 2, 1)}
    refused('InvalidArgument', 400, s3.upload_part, PartNumber=10001, Body=b'x', ChecksumAlgorithm='SHA256', **args)
    r = s3.list_parts(**args)
    assert [(p['PartNumber'], p['Size'], p['ChecksumSHA256']) for p in r['Parts']] == [(n + 1, len(d), sha(d)) for n, d in enumerate(parts)]
    r = s3.list_parts(MaxParts=2, **args)
    assert r['IsTruncated'] and r['NextPartNumberMarker'] == 2
    assert [p['PartNumber'] for p in s3.list_parts(PartNumberMarker=2, **args)['Parts']] == [3]
    r = s3.list_multipart_uploads(Bucket='bkt')
    assert [(u['Key'], u['UploadId'], u['StorageClass']) for u in r['Uploads']] == [('m', up, 'GLACIER')]
    done = [{'PartNumber': n, 'ETag': tags[n]['ETag'], 'ChecksumSHA256': sha(parts[n - 1])} for n in (1, 2, 3)]
    def complete(p):
        return s3.complete_multipart_upload(MultipartUpload={'Parts': p}, **args)
    refused('InvalidPartOrder', 400, complete, p=done[::-1])
    refused('InvalidPartOrder', 400, complete, p=done[1:])
    refused('InvalidPart', 400, complete, p=done[:2] + [dict(done[2], ETag='"' + '0' * 32 + '"')])
    refused('InvalidPart', 400, complete, p=done[:2] + [dict(done[2], ChecksumSHA256=sha(b''))])
    refused('InvalidPart', 400, complete, p=done[:2] + [dict(done[2], PartNumber=4)])
    refused('InvalidRequest', 400, complete, p=[{k: d[k] for k in ('PartNumber', 'ETag')} for d in done])
    r = complete(done)
    composite = base64.b64encode(hashlib.sha256(b''.join(hashlib.sha256(p).digest() for p in parts)).digest()).decode() + '-3'
    etag = '"' + hashlib.md5(b''.join(hashlib.md5(p).digest() for p in parts)).hexdigest() + '-3"'
    assert r['ETag'] == etag and r['ChecksumSHA256'] == composite
    assert complete(done)['ETag'] == etag
    assert 'Uploads' not in s3.list_multipart_uploads(Bucket='bkt')
    r = s3.head_object(Bucket='bkt', Key='m', ChecksumMode='ENABLED')
    assert r['ContentLength'] == 10 * MIB + 7 and r['StorageClass'] == 'GLACIER' and r['Metadata'] == {'tree': 'x'}
    assert r['ChecksumSHA256'] == composite and r['ETag'] == etag
    refused('NoSuchUpload', 404, s3.list_parts, **args)
    up = s3.create_multipart_upload(Bucket='bkt', Key='small')['UploadId']
    args = dict(Bucket='bkt', Key='small', UploadId=up)
    done = [{'PartNumber': n, 'ETag': s3.upload_part(PartNumber=n, Body=b'x', **args)['ETag']} for n in (1, 2)]
    refused('EntityTooSmall', 400, complete, p=done)
    s3.abort_multipart_upload(**args)
    refused('NoSuchUpload', 404, s3.abort_multipart_upload, **args)
    refused('NoSuchUpload', 404, s3.upload_part, PartNumber=1, Body=b'x', **args)
    ups = [(k, s3.create_multipart_upload(Bucket='bkt', Key=k)['UploadId']) for k in ('u/1', 'u/1', 'u/2', 'v')]
    got = []
    for page in s3.get_paginator('list_multipart_uploads').paginate(Bucket='bkt', Prefix='u/', PaginationConfig={'PageSize': 1}):
        got += [(u['Key'], u['UploadId']) for u in page['Uploads']]
    assert sorted(got) == sorted(ups[:3]) and [k for k, _ in got] == ['u/1', 'u/1', 'u/2']
    for k, u in ups:
        s3.abort_multipart_upload(Bucket='bkt', Key=k, UploadId=u)


def restore():      # standard thaws in an hour, expedited at once
    s3.put_object(Bucket='bkt', Key='cold', Body=b'cold', StorageClass='GLACIER')
    s3.put_object(Bucket='bkt', Key='deep', Body=b'deep', StorageClass='DEEP_ARCHIVE')
    s3.put_object(Bucket='bkt', Key='warm', Body=b'warm', StorageClass='GLACIER_IR')
    assert s3.get_object(Bucket='bkt', Key='warm')['Body'].read() == b'warm'
    r = refused('InvalidObjectState', 403, s3.get_object, Bucket='bkt', Key='cold')
    assert r['Error']['StorageClass'] == 'GLACIER'
    def ask(key, tier, days=1):
        return s3.restore_object(Bucket='bkt', Key=key, RestoreRequest={'Days': days, 'GlacierJobParameters': {'Tier': tier}})
    def status(r):
        return r['ResponseMetadata']['HTTPStatusCode']
    refused('InvalidObjectState', 403, ask, key='warm', tier='Bulk')
    refused('NoSuchKey', 404, ask, key='nope', tier='Bulk')
    refused('InvalidArgument', 400, ask, key='deep', tier='Expedited')
    assert 'Restore' not in s3.head_object(Bucket='bkt', Key='cold')
    assert status(ask('cold', 'Standard')) == 202
    assert s3.head_object(Bucket='bkt', Key='cold')['Restore'] == 'ongoing-request="true"'
    refused('RestoreAlreadyInProgress', 409, ask, key='cold', tier='Bulk')
    refused('InvalidObjectState', 403, s3.get_object, Bucket='bkt', Key='cold')
    assert status(ask('cold', 'Expedited')) == 202
    r = s3.head_object(Bucket='bkt', Key='cold')
    assert r['Restore'].startswith('ongoing-request="false", expiry-date="') and r['Restore'].endswith(' 00:00:00 GMT"'), r['Restore']
    assert s3.get_object(Bucket='bkt', Key='cold')['Body'].read() == b'cold'
    assert status(ask('cold', 'Standard', 3)) == 200
    assert status(ask('deep', 'Bulk')) == 202
    s3.put_object_tagging(Bucket='bkt', Key='cold', Tagging={'TagSet': [{'Key': 'k', 'Value': 'v'}]})
    assert s3.get_object(Bucket='bkt', Key='cold')['Body'].read() == b'cold'


def again():        # behind a start: the changes of tags cost neither bytes nor copies
    assert s3.get_object(Bucket='bkt', Key='cold')['Body'].read() == b'cold'
    assert s3.get_object_tagging(Bucket='bkt', Key='cold')['TagSet'] == [{'Key': 'k', 'Value': 'v'}]


def once():
    def add(request, **kw):
        request.headers['If-None-Match'] = '*'
    s3.meta.events.register('before-sign.s3.PutObject', add)
    s3.meta.events.register('before-sign.s3.CompleteMultipartUpload', add)
    s3.put_object(Bucket='bkt', Key='once', Body=b'1')
    refused('PreconditionFailed', 412, s3.put_object, Bucket='bkt', Key='once', Body=b'2')
    assert s3.get_object(Bucket='bkt', Key='once')['Body'].read() == b'1'
    up = s3.create_multipart_upload(Bucket='bkt', Key='once')['UploadId']
    args = dict(Bucket='bkt', Key='once', UploadId=up)
    parts = [{'PartNumber': 1, 'ETag': s3.upload_part(PartNumber=1, Body=b'x', **args)['ETag']}]
    refused('PreconditionFailed', 412, s3.complete_multipart_upload, MultipartUpload={'Parts': parts}, **args)
    s3.abort_multipart_upload(**args)


def skew():
    import botocore.auth
    import datetime
    real = datetime.datetime
    class Shifted(real):
        shift = 0
        @classmethod
        def utcnow(cls):
            return real.utcnow() + datetime.timedelta(seconds=cls.shift)
    botocore.auth.datetime.datetime = Shifted
    for Shifted.shift in -800, 800:
        s3.list_buckets()
    for Shifted.shift in -1000, 1000:
        refused('RequestTimeTooSkewed', 403, s3.list_buckets)


def transfer():
    data = os.urandom(20 * MIB)
    open('t.in', 'wb').write(data)
    s3.upload_file('t.in', 'bkt', 'transfer')
    s3.download_file('bkt', 'transfer', 't.out')
    assert open('t.out', 'rb').read() == data


for name in sys.argv[1:]:
    globals()[name]()
    print(name)
