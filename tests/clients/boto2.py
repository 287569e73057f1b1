# boto 2, which insists on 201, 204 and 201: its own uploader and downloader.  Prints "done".
import os
from urllib.parse import urlparse
from boto.glacier.layer2 import Layer2

url = urlparse(os.environ['AWS_ENDPOINT_URL'])
class Region:
    name, endpoint = 'us-east-1', url.hostname
    connection_cls = None
l = Layer2(region=Region(), is_secure=False, port=url.port)
# It would take them from the host's name.
l.layer1._auth_handler.region_name = 'us-east-1'
l.layer1._auth_handler.service_name = 'glacier'
v = l.create_vault('boto2')
data = os.urandom(3 * (1 << 20) + 5)
open('boto2.in', 'wb').write(data)
single = v.upload_archive('boto2.in', 'single')
many = v.concurrent_create_archive_from_file('boto2.in', 'many')
for archive in single, many:
    job = v.retrieve_archive(archive)
    assert v.get_job(job.id).completed
    # It compares text with bytes in its check of hashes.
    job.download_to_file('boto2.out', chunk_size=1 << 20, verify_hashes=False)
    assert open('boto2.out', 'rb').read() == data
job = v.get_job(v.retrieve_inventory())
assert sorted(a['ArchiveDescription'] for a in job.get_output()['ArchiveList']) == ['many', 'single']
assert 'boto2' in [x['VaultName'] for x in l.layer1.list_vaults()['VaultList']]
for archive in single, many:
    v.delete_archive(archive)
v.delete()
print('done')
