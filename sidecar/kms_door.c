/* SPDX-License-Identifier: Apache-2.0
 *
 * The KMS door; see kms_door.h. Errors have the names that AWS has for them, so that its SDKs do the right thing: retry what may pass, and nothing else.
 */
#include "kms_door.h"

#include "json_text.h"
#include "unwrap_one.h"

#include "keys/answer.h"

#include <time.h>
#include <unistd.h>

#define JSON   "application/x-amz-json-1.1"
#define TARGET "TrentService.Decrypt"

static void give_error(struct http_exchange *exchange, int status, const char *type,
		       const char *message)
{
	buf_release(&exchange->answer);
	exchange->status = status;
	exchange->content_type = JSON;
	buf_add_str(&exchange->answer, "{\"__type\": ");
	json_text_add_lossy(span_str(type), &exchange->answer);
	buf_add_str(&exchange->answer, ", \"message\": ");
	json_text_add_lossy(span_str(message), &exchange->answer);
	buf_add_str(&exchange->answer, "}\n");
}

/* Whoever may ask learns whether to ask again, and no more. */
static void give_reason(struct http_exchange *exchange, const struct err *err)
{
	if (err->code == ERR_UNREACHABLE || err->code == ERR_NOMEM)
		give_error(exchange, 503, "DependencyTimeoutException",
			   "the key service can not be reached now");
	else
		give_error(exchange, 400, "AccessDeniedException",
			   "this key does not open it, or may not be used");
}

static int read_key(struct http_exchange *exchange, struct answer *body, struct sops_key *key,
		    struct err *err)
{
	if (answer_read(exchange->body, body, err) < 0)
		return -1;
	key->type = SOPS_KEY_KMS;
	key->id = answer_text(body, "KeyId");
	key->enc = answer_text(body, "CiphertextBlob");
	key->context = answer_at(body, "EncryptionContext");
	if (key->context && (key->context->kind != DOC_MAP || !key->context->kids.first))
		key->context = NULL;
	if (!key->id.len || !key->enc.len)
		return err_set(err, ERR_FORMAT, "KeyId and CiphertextBlob are needed");
	return 0;
}

static void give_key(struct http_exchange *exchange, const struct sops_key *key, struct span opened)
{
	exchange->status = 200;
	exchange->content_type = JSON;
	buf_add_str(&exchange->answer, "{\"KeyId\": ");
	json_text_add_lossy(key->id, &exchange->answer);
	buf_add_str(&exchange->answer, ", \"Plaintext\": \"");
	base64_encode(opened, true, &exchange->answer);
	buf_add_str(&exchange->answer, "\", \"EncryptionAlgorithm\": \"SYMMETRIC_DEFAULT\"}\n");
}

static void decrypt(const struct kms_door *door, struct http_exchange *exchange)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct exchange line = {
		.line = door->line,
		.timeout_ms = door->timeout_ms,
		.peer = {.uid = geteuid(), .gid = getegid(), .pid = 0, .door = EXCHANGE_KMS},
	};
	CLEAN_ANSWER struct answer body = ANSWER_INIT;
	struct sops_key key = {.next = NULL};
	struct err err = ERR_INIT;
	struct span opened;

	if (read_key(exchange, &body, &key, &err) < 0)
		give_error(exchange, 400, "ValidationException", err.msg);
	else if (unwrap_one(&line, "kms", &key, &pool, &opened, &err) < 0)
		give_reason(exchange, &err);
	else
		give_key(exchange, &key, opened);
}

void kms_door_answer(const struct kms_door *door, struct http_exchange *exchange)
{
	const struct kms_signed request = {
		.method = exchange->method,
		.path = exchange->path,
		.body = exchange->body,
		.header = exchange->header,
		.cookie = exchange->connection,
	};
	const char *target = exchange->header(exchange->connection, "x-amz-target");
	struct err err = ERR_INIT;

	if (kms_sign_check(&request, &door->pair, (int64_t)time(NULL), &err) < 0) {
		give_error(exchange, 403,
			   err.code == ERR_DENIED ? err.msg : "InvalidSignatureException",
			   "the request is not signed with the key pair of this door");
		return;
	}
	if (!target || strcmp(target, TARGET) != 0 || strcmp(exchange->method, "POST") != 0) {
		give_error(exchange, 400, "UnknownOperationException", "this door decrypts only");
		return;
	}
	decrypt(door, exchange);
}
