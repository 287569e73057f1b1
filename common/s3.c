#include "s3.h"

#include "s3get.h"
#include "s3list.h"
#include "s3name.h"
#include "s3remove.h"
#include "s3request.h"
#include "s3upload.h"

const struct store_kind s3_kind = {
	.scheme = "s3://",
	.open = s3_open,
	.close = s3_close,
	.endpoint = s3_endpoint,
	.source = s3_source,
	.region = s3_region,
	.tariff = s3_tariff,
	.create = s3_create,
	.takes_name = s3_takes_name,
	.takes_id = s3_takes_id,
	.begin = s3_upload_begin,
	.expect = s3_upload_expect,
	.part_min = S3_PART_MIN,
	.send = s3_upload_send,
	.finish = s3_upload_finish,
	.abort = s3_upload_abort,
	.upload_id = s3_upload_id,
	.upload_name = s3_upload_name,
	.upload_begun = s3_upload_begun,
	.uploads = s3_uploads,
	.upload_at = s3_upload_at,
	.look = s3_upload_look,
	.part_size = s3_upload_part_size,
	.held = s3_upload_held,
	.has = s3_upload_has,
	.upload_free = s3_upload_free,
	.states = s3_states,
	.thaw = s3_thaw,
	.fetch = s3_fetch,
	.list = s3_list,
	.listed = s3_listed,
	.places = s3_places,
	.jobs = s3_jobs,
	.batch = S3_PAGE,
	.terms = s3_terms,
	.remove = s3_remove,
};
