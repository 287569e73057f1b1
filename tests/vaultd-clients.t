#!/bin/sh
# Other people's clients against vaultd, where they are installed: python3-boto3, python3-boto, s3cmd, rclone.
# AWS's SDK for JavaScript is looked for where npm installs for all, or in SDK_MODULES.
# shellcheck disable=SC2034,SC2154
. "$(dirname "$0")/lib.sh"

vault d --bucket bkt
host=${AWS_ENDPOINT_URL#http://}
head -c 12000000 /dev/urandom >a
# client PACKAGE TEST NAME COMMAND: COMMAND, if TEST says that the package is there
client() { if (eval "$2") >/dev/null 2>&1; then ok "$3" "$4"; else skip "$3" "$1 is not installed"; fi; }

client python3-boto3 '/usr/bin/python3 -c "import boto3"' 'boto3, every call of a vault' "/usr/bin/python3 '$here/tests/clients/glacier.py' | grep -qx 'done'"
client python3-boto '/usr/bin/python3 -c "import boto"' 'boto 2, its uploader and downloader' "/usr/bin/python3 '$here/tests/clients/boto2.py' | grep -qx 'done'"

modules=${SDK_MODULES:-$(npm root -g 2>/dev/null)}
client '@aws-sdk/client-glacier' 'command -v node && ls "$modules/@aws-sdk/client-glacier"' 'the SDK for JavaScript, of vaults' 'ln -s "$modules" node_modules; cp "$here/tests/clients/glacier.mjs" .; node glacier.mjs >o && tail -n 1 o | grep -qx done'
client '@aws-sdk/client-glacier' '[ -s o ]' 'glacier-get reads what it has left' 'glacier-get -s glacier:js -o js -- "$(head -n 1 o)" && grep -qx "left by the SDK" js/left'

: >s3cfg
s3c() { s3cmd -c s3cfg --no-progress --no-ssl --host="$host" --host-bucket="$host" --access_key="$AWS_ACCESS_KEY_ID" --secret_key="$AWS_SECRET_ACCESS_KEY" --region=us-east-1 "$@"; }
has_s3cmd='command -v s3cmd'
client s3cmd "$has_s3cmd" 's3cmd: whole, in parts, listed and back' 's3c put a s3://bkt/s/a && s3c put --multipart-chunk-size-mb=5 a s3://bkt/s/b && s3c ls s3://bkt/s/ | grep -c 12000000 | grep -qx 2 && s3c get s3://bkt/s/b b1 && cmp a b1'
client s3cmd "$has_s3cmd" 's3cmd: from a cold class' 's3c put --storage-class=GLACIER a s3://bkt/s/cold && ! s3c get s3://bkt/s/cold b2 && s3c restore --restore-days=1 --restore-priority=bulk s3://bkt/s/cold && s3c get --force s3://bkt/s/cold b2 && cmp a b2'
client s3cmd "$has_s3cmd" 's3cmd: removed' 's3c del --recursive --force s3://bkt/s/ && [ -z "$(s3c ls s3://bkt/s/)" ]'

RCLONE_CONFIG=/dev/null RCLONE_CONFIG_V_TYPE=s3 RCLONE_CONFIG_V_PROVIDER=Other RCLONE_CONFIG_V_ENDPOINT=$AWS_ENDPOINT_URL RCLONE_RETRIES=1
RCLONE_CONFIG_V_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID RCLONE_CONFIG_V_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY RCLONE_CONFIG_V_REGION=us-east-1
RCLONE_CONFIG_V_FORCE_PATH_STYLE=true RCLONE_LOW_LEVEL_RETRIES=1
export RCLONE_CONFIG RCLONE_CONFIG_V_TYPE RCLONE_CONFIG_V_PROVIDER RCLONE_CONFIG_V_ENDPOINT RCLONE_CONFIG_V_ACCESS_KEY_ID RCLONE_RETRIES
export RCLONE_CONFIG_V_SECRET_ACCESS_KEY RCLONE_CONFIG_V_REGION RCLONE_CONFIG_V_FORCE_PATH_STYLE RCLONE_LOW_LEVEL_RETRIES
mkdir tree tree/sub; cp a tree; seq 1000 >tree/sub/b; : >tree/sub/empty
has_rclone='command -v rclone'
client rclone "$has_rclone" 'rclone: a tree, in parts, checked and back' 'rclone copy --s3-upload-cutoff 5M --s3-chunk-size 5M tree v:bkt/r && rclone check tree v:bkt/r && rclone copy v:bkt/r back && diff -r tree back'
client rclone "$has_rclone" 'rclone: from a cold class' 'rclone copy --s3-storage-class GLACIER tree/sub v:bkt/cold && ! rclone cat v:bkt/cold/b >b3 && rclone backend restore v:bkt/cold -o priority=Bulk -o lifetime=1 && rclone cat v:bkt/cold/b | cmp - tree/sub/b'
client rclone "$has_rclone" 'rclone: removed' 'rclone purge v:bkt/r && [ -z "$(rclone ls v:bkt/r)" ]'
finish
