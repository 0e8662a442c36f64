/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials that a helper of the operator prints (credential_process), and the reading of such JSON. aws-sdk-go-v2: credentials/processcreds
 */
#include "keys/aws_creds_json.h"

#include "keys/answer.h"

enum { COMMAND_MAX = 64 * 1024 };

void aws_creds_json(struct aws_creds *creds, struct http *http, struct span text,
		    const char *token_name, const char *what)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct aws_keys keys = {.expires = 0};
	struct err why = ERR_INIT;

	if (answer_read(text, &answer, &why) < 0) {
		(void)err_wrap(&why, "%s", what);
		aws_creds_fail(creds, http, &why);
		return;
	}
	keys.access_key = answer_text(&answer, "AccessKeyId");
	keys.secret_key = answer_text(&answer, "SecretAccessKey");
	keys.session_token = answer_text(&answer, token_name);
	if (!keys.access_key.len || !keys.secret_key.len) {
		(void)err_set(&why, ERR_FORMAT, "%s answered without credentials", what);
		aws_creds_fail(creds, http, &why);
		return;
	}
	aws_creds_take(creds, http, &keys, answer_text(&answer, "Expiration"));
}

static bool has_version_1(struct span text)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err ignored = ERR_INIT;
	int64_t version;

	if (answer_read(text, &answer, &ignored) < 0)
		return true; /* said by whoever reads it next */
	return answer_number(&answer, "Version", &version) && version == 1;
}

void aws_process_fetch(struct aws_creds *creds, struct http *http)
{
	const struct key_host *host = creds->clock->host;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf command = BUF_INIT(COMMAND_MAX);
	struct err why = ERR_INIT;
	struct span output;

	buf_add_span(&command, creds->source->command);
	buf_add_char(&command, 0);
	if (buf_check(&command, &why) < 0 ||
	    host->run(host->cookie, KEY_HELPER_AWS, (const char *)command.data, &pool, &output,
		      &why) < 0) {
		(void)err_wrap(&why, "credential_process");
		aws_creds_fail(creds, http, &why);
	} else if (!has_version_1(output)) {
		(void)err_set(&why, ERR_FORMAT, "credential_process: its Version is not 1");
		aws_creds_fail(creds, http, &why);
	} else {
		aws_creds_json(creds, http, output, "SessionToken", "credential_process");
	}
}
