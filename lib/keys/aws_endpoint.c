/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoints of AWS; see aws_endpoint.h. Differs: a region that AWS can not have is asked for at the operator's endpoint or nowhere. Test:
 * differs_in_regions_that_are_none
 */
#include "keys/aws_endpoint.h"

#include "base/text.h"
#include "keys/url.h"

#include <stdio.h>

/* Regions of a partition: any that begin so and go on as "WORD-NUMBER". The last is for all others, as in the SDK. */
static const struct partition {
	const char *prefix;
	const char *suffix, *dual_suffix;
} partitions[] = {
	{"us-gov-", "amazonaws.com", "api.aws"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
};

static const struct service {
	const char *name, *fips;
} services[] = {
	[AWS_KMS] = {"kms", "kms-fips"},
	[AWS_STS] = {"sts", "sts-fips"},
};

const char *aws_service_name(enum aws_service service)
{
	return services[service].name;
}

/* The SDK's `\w+-\d+$`; of letters, digits and dashes there are only those here. */
static bool word_and_number(struct span text)
{
	size_t dash = span_find(text, 0, '-'), i;

	if (dash == 0 || dash + 1 >= text.len)
		return false;
	for (i = dash + 1; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	return true;
}

static const struct partition *partition_of(struct span region)
{
	size_t i;

	for (i = 0; i + 1 < ARRAY_LEN(partitions); i++) {
		struct span prefix = span_str(partitions[i].prefix);

		if (span_starts(region, prefix) && word_and_number(span_from(region, prefix.len)))
			break;
	}
	return &partitions[i];
}

/* The servers of STS in the US government's partition are FIPS ones under their plain name. */
static const char *name_of(enum aws_service service, const struct partition *partition,
			   const struct aws_endpoint_rules *rules)
{
	bool plain_name = service == AWS_STS && partition == &partitions[0] && !rules->dual_stack;

	return rules->fips && !plain_name ? services[service].fips : services[service].name;
}

/* What is signed must be what is sent: nothing that anybody on the way would encode or cut out. */
static bool path_good(struct span path)
{
	size_t i;

	for (i = 0; i < path.len; i++) {
		uint8_t c = path.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("-._~/", c))))
			return false;
	}
	return span_search(path, SPAN("//")) == SIZE_MAX &&
	       span_search(path, SPAN("/.")) == SIZE_MAX;
}

int aws_endpoint_parse(struct span text, struct aws_endpoint *ret_endpoint, struct err *err)
{
	struct aws_endpoint endpoint;
	struct span host;
	struct url url;

	if (url_parse(text, &url, err) < 0)
		return err_wrap(err, "an endpoint's URL");
	host = url.authority;
	if (span_is(url.port, url.plain ? "80" : "443"))
		host.len -= url.port.len + 1;
	if (!path_good(url.path) || host.len >= AWS_HOST_MAX || url.path.len + 2 > AWS_PATH_MAX)
		return err_set(err, ERR_FORMAT,
			       "an endpoint's URL with a path of other characters than letters, "
			       "digits and -._~, or too long");
	endpoint.plain = url.plain;
	snprintf(endpoint.host, sizeof(endpoint.host), "%.*s", (int)host.len,
		 (const char *)host.data);
	snprintf(endpoint.path, sizeof(endpoint.path), "%.*s%s", (int)url.path.len,
		 url.path.len ? (const char *)url.path.data : "",
		 span_ends(url.path, SPAN("/")) ? "" : "/");
	snprintf(endpoint.url, sizeof(endpoint.url), "%s://%s%s", url.plain ? "http" : "https",
		 endpoint.host, endpoint.path);
	*ret_endpoint = endpoint;
	return 0;
}

int aws_endpoint_of(enum aws_service service, struct span region,
		    const struct aws_endpoint_rules *rules, struct aws_endpoint *ret_endpoint,
		    struct err *err)
{
	const struct partition *partition = partition_of(region);
	char url[AWS_URL_MAX];

	if (rules->url.len) {
		if (rules->fips || rules->dual_stack)
			return err_set(err, ERR_USAGE,
				       "an endpoint's URL together with FIPS or dual-stack "
				       "endpoints");
		return aws_endpoint_parse(rules->url, ret_endpoint, err);
	}
	if (!url_region(region))
		return err_set(err, ERR_POLICY,
			       "'%s' is no region of AWS: no credential is sent to a host that "
			       "only the document names",
			       text_quote(region).text);
	snprintf(url, sizeof(url), "https://%s.%.*s.%s", name_of(service, partition, rules),
		 (int)region.len, (const char *)region.data,
		 rules->dual_stack ? partition->dual_suffix : partition->suffix);
	return aws_endpoint_parse(span_str(url), ret_endpoint, err);
}
