/* SPDX-License-Identifier: Apache-2.0
 *
 * What Vault's answers mean; see vault_answer.h. A body is {"errors": ["..."]}, or something else where a proxy answers. Its text is looked
 * through for phrases and never shown: it can hold what was sent.
 */
#include "keys/vault_answer.h"

#include <strings.h>

enum { STATUS_OK = 200 };

/* What Vault and OpenBao say (openbao: builtin/logical/transit, sdk/helper/keysutil, http/handler.go). */
static const char *const phrases[] = {
	"permission denied",
	"token expired",
	"encryption key not found",
	"no handler for route",
	"unsupported path",
	"namespace not found",
	"invalid ciphertext",
	"message authentication failed",
	"disallowed by policy (too old)",
	"Vault is sealed",
	"Vault is not initialized",
	"could not be found",
	"error validating token",
	"invalid role name",
	"service account name not authorized",
	"namespace not authorized",
	"audience claim does not match",
	"request path contains",
};

enum http_verdict vault_judge(const struct http_call *call)
{
	if (!call->failure && (call->status == 412 || call->status == 472 || call->status == 473))
		return HTTP_TRANSIENT;
	return http_judge(call);
}

static const char *known_phrase(const struct http_call *call)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err none = ERR_INIT;
	struct span text;
	size_t i;

	if (answer_read(buf_span(&call->answer), &answer, &none) < 0)
		return NULL;
	text = answer_text(&answer, "errors.0");
	for (i = 0; i < ARRAY_LEN(phrases); i++) {
		if (span_search(text, span_str(phrases[i])) != SIZE_MAX)
			return phrases[i];
	}
	return NULL;
}

int vault_answer_read(const struct http_call *call, struct answer *ret_answer, struct err *err)
{
	const char *said;

	if (!call->failure && call->status == STATUS_OK)
		return answer_read(buf_span(&call->answer), ret_answer, err);
	http_tell(call, err);
	if (!call->failure && vault_judge(call) != HTTP_FINAL)
		err->code = ERR_UNREACHABLE;
	if (!call->failure && call->status >= 300 && call->status < 400) {
		err->code = ERR_POLICY;
		return err_wrap(err, "a redirect, which is not followed");
	}
	said = call->failure ? NULL : known_phrase(call);
	return said ? err_wrap(err, "%s", said) : -1;
}
