#!/bin/sh
# chaos.t on a bucket.
CHAOS_STORE=s3 exec sh "$(dirname "$0")/chaos.t"
