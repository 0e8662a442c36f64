/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims of a service account's token; see account_claims.h. RFC 7519; kubernetes: pkg/serviceaccount/claims.go
 */
#include "keys/account_claims.h"

#include "keys/kube_name.h"
#include "keys/vault_address.h"

int account_claims_read(struct span token, struct account_claims *ret_claims, struct err *err)
{
	size_t first = span_find(token, 0, '.'), second = span_find(token, first + 1, '.');

	if (token.len > ACCOUNT_TOKEN_MAX || second >= token.len ||
	    span_find(token, second + 1, '.') < token.len ||
	    base64url_decode(span_sub(token, first + 1, second - first - 1), &ret_claims->text) <
		    0 ||
	    buf_check(&ret_claims->text, err) < 0 ||
	    answer_read(buf_span(&ret_claims->text), &ret_claims->answer, err) < 0)
		return err_set(err, ERR_FORMAT, "it is no JSON web token");
	return 0;
}

static bool same(const struct doc_node *one, struct span audience)
{
	return one->kind == DOC_STRING && span_eq(vault_address_trim(one->str), audience);
}

bool account_claims_for(const struct account_claims *claims, struct span audience)
{
	const struct doc_node *aud = answer_at(&claims->answer, "aud"), *one;

	audience = vault_address_trim(audience);
	if (aud && aud->kind == DOC_STRING)
		return same(aud, audience);
	if (!aud || aud->kind != DOC_LIST)
		return false;
	doc_each (one, aud) {
		if (same(one, audience))
			return true;
	}
	return false;
}

int account_claims_subject(const struct account_claims *claims, struct span *ret_namespace,
			   struct span *ret_name, struct err *err)
{
	const struct span prefix = SPAN("system:serviceaccount:");
	struct span subject = answer_text(&claims->answer, "sub"), both, namespace, name;
	size_t colon;

	both = span_starts(subject, prefix) ? span_from(subject, prefix.len) : SPAN_NULL;
	colon = span_find(both, 0, ':');
	namespace = span_sub(both, 0, colon);
	name = span_from(both, colon + 1);
	if (!kube_name_valid(namespace) || !kube_name_valid(name))
		return err_set(err, ERR_FORMAT, "it is not a service account's");
	*ret_namespace = namespace;
	*ret_name = name;
	return 0;
}

void account_claims_release(struct account_claims *claims)
{
	if (!claims)
		return;
	answer_release(&claims->answer);
	buf_release(&claims->text);
}
