/* SPDX-License-Identifier: Apache-2.0
 *
 * What documents call keys of Google and Huawei, and what becomes part of a URL of it: nothing leads to another host or out of its path.
 */
#include "base/buf.h"
#include "keys/gcp_resource.h"
#include "keys/hckms_region.h"
#include "keys/url.h"

#include <assert.h>

enum { PATH_MAX_LEN = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_variable(void *cookie, const char *name)
{
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key_host host = {.variable = no_variable};
	CLEAN_BUF struct buf google = BUF_INIT(PATH_MAX_LEN), huawei = BUF_INIT(PATH_MAX_LEN);
	struct span text = span_of(data, size);
	struct err err = ERR_INIT;
	struct hckms_id id;
	struct url url;
	size_t i, slashes = 0;

	buf_add_str(&google, "https://cloudkms.googleapis.com");
	if (gcp_resource_path(text, &google, &err) == 0 && !google.bad) {
		assert(url_parse(buf_span(&google), &url, &err) == 0);
		assert(span_is(url.host, "cloudkms.googleapis.com"));
		for (i = 0; i < url.path.len; i++) {
			slashes += url.path.data[i] == '/';
			assert(url.path.data[i] != '?');
		}
		assert(slashes == 9);
	}
	if (hckms_id_parse(text, &id, &err) == 0) {
		/* A name that no region has is refused: with it the host would be another service's. */
		if (hckms_endpoint(&host, id.region, &huawei, &err) < 0) {
			assert(err.code == ERR_POLICY && huawei.len == 0);
			return 0;
		}
		assert(url_parse(buf_span(&huawei), &url, &err) == 0);
		assert(!url.path.len &&
		       url_below(url.host, id.region.len == 11 && span_is(id.region, "eu-west-101")
						   ? SPAN("myhuaweicloud.eu")
						   : SPAN("myhuaweicloud.com")));
	}
	return 0;
}
