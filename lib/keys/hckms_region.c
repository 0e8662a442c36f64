/* SPDX-License-Identifier: Apache-2.0
 *
 * Key ids and regions of Huawei Cloud; see hckms_region.h. Differs: their SDK has a table of regions; here any name is taken that is of a region's form, or that the operator has
 * named an endpoint for. sops: hckms/keysource.go (NewMasterKey); huaweicloud-sdk-go-v3: services/kms/v2/region
 */
#include "keys/hckms_region.h"

#include "base/text.h"
#include "doc/white.h"
#include "keys/url.h"

#include <ctype.h>

enum {
	REGION_MAX = 63, /* bytes of a DNS label */
	KEY_MAX = 128,
	NAME_TEXT_MAX = 256, /* bytes of a variable's name */
};

#define ENV_REGION "HUAWEICLOUD_SDK_REGION_KMS_"
#define ENV_IAM    "HUAWEICLOUD_SDK_IAM_ENDPOINT"

static bool is_label(struct span text, size_t max)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] >= 0x80 || (!isalnum(text.data[i]) && text.data[i] != '-'))
			return false;
	}
	return text.len > 0 && text.len <= max && text.data[0] != '-' &&
	       text.data[text.len - 1] != '-';
}

int hckms_id_parse(struct span text, struct hckms_id *ret_id, struct err *err)
{
	size_t colon = span_find(text, 0, ':');
	struct hckms_id id = {.region = white_trim(span_sub(text, 0, colon)),
			      .key = white_trim(span_from(text, colon + 1))};

	if (!is_label(id.region, REGION_MAX) || !is_label(id.key, KEY_MAX))
		return err_set(err, ERR_FORMAT, "not 'REGION:KEY': '%s'", text_quote(text).text);
	*ret_id = id;
	return 0;
}

/* The first of a list of URLs. */
static int add_given(const char *name, struct span list, struct buf *out, struct err *err)
{
	return url_given(name, white_trim(span_sub(list, 0, span_find(list, 0, ','))), out, err);
}

static int add_usual(const char *service, struct span region, struct buf *out, struct err *err)
{
	if (!url_region(region))
		return err_set(err, ERR_POLICY,
			       "'%s' is no region of Huawei Cloud: no credential is sent to a host "
			       "that only the document names",
			       text_quote(region).text);
	buf_printf(out, "https://%s.", service);
	buf_add_span(out, region);
	buf_add_str(out,
		    span_is(region, "eu-west-101") ? ".myhuaweicloud.eu" : ".myhuaweicloud.com");
	return 0;
}

int hckms_endpoint(const struct key_host *host, struct span region, struct buf *out,
		   struct err *err)
{
	CLEAN_BUF struct buf name = BUF_INIT(NAME_TEXT_MAX);
	struct span value;
	size_t i;

	buf_add_str(&name, ENV_REGION);
	for (i = 0; i < region.len; i++)
		buf_add_char(&name, region.data[i] == '-' ? '_' : (uint8_t)toupper(region.data[i]));
	buf_add_char(&name, 0);
	if (buf_check(&name, err) < 0)
		return -1;
	value = key_host_text(host, (const char *)name.data);
	if (value.len)
		return add_given((const char *)name.data, value, out, err);
	return add_usual("kms", region, out, err);
}

int hckms_iam_endpoint(const struct key_host *host, struct span region, struct buf *out,
		       struct err *err)
{
	struct span value = key_host_text(host, ENV_IAM);

	if (value.len)
		return add_given(ENV_IAM, value, out, err);
	return add_usual("iam", region, out, err);
}
