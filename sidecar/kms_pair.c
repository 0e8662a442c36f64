/* SPDX-License-Identifier: Apache-2.0
 *
 * The KMS door's key pair; see kms_pair.h. Between the processes it is the two words with a line feed between them, which none of them can hold: they were
 * values of an INI file.
 */
#include "kms_pair.h"

#include "keys_read.h"

#include "base/text.h"
#include "keys/aws_ini.h"
#include "keys/unwrap.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIR_MAX = 64 * 1024 /* bytes that go through a socket at once */ };

static int copy_pair(struct span access, struct span secret, struct secret_pool *pool,
		     struct kms_pair *ret_pair, struct err *err)
{
	struct kms_pair pair;

	if (secret_dup(pool, access, &pair.access_key, err) < 0 ||
	    secret_dup(pool, secret, &pair.secret_key, err) < 0)
		return -1;
	*ret_pair = pair;
	return 0;
}

static int parse_pair(struct span text, struct secret_pool *pool, struct kms_pair *ret_pair,
		      struct err *err)
{
	CLEAN_AWS_INI struct aws_ini ini = AWS_INI_INIT;
	struct span access, secret;

	if (aws_ini_read(text, &ini, err) < 0)
		return -1;
	access = aws_ini_get(&ini, SPAN("default"), "aws_access_key_id", NULL);
	secret = aws_ini_get(&ini, SPAN("default"), "aws_secret_access_key", NULL);
	if (!access.len || !secret.len) {
		(void)err_set(
			err, ERR_FORMAT,
			"no aws_access_key_id and aws_secret_access_key in its section [default]");
		return err_hint(err, "any pair will do; the client needs the same one");
	}
	if (access.len + secret.len > PAIR_MAX)
		return err_set(err, ERR_LIMIT, "a key pair of more than %d bytes", PAIR_MAX);
	return copy_pair(access, secret, pool, ret_pair, err);
}

int kms_pair_read(const char *path, struct secret_pool *pool, struct kms_pair *ret_pair,
		  struct err *err)
{
	struct span text;

	if (keys_read_file(path, pool, &text, err) < 0 || parse_pair(text, pool, ret_pair, err) < 0)
		return err_wrap(err, "--aws-kms-key '%s'", text_quote(span_str(path)).text);
	return 0;
}

void kms_pair_give(const struct kms_pair *pair, int fd)
{
	CLEAN_BUF struct buf body = BUF_INIT(PAIR_MAX + 1),
			     frame = BUF_INIT(PAIR_MAX + 1 + UNWRAP_HEAD);

	buf_add_span(&body, pair->access_key);
	buf_add_str(&body, "\n");
	buf_add_span(&body, pair->secret_key);
	unwrap_frame_reply(buf_span(&body), &frame);
	if (!body.bad && !frame.bad)
		(void)send(fd, frame.data, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int kms_pair_ask(int line, int timeout_ms, struct secret_pool *pool, struct kms_pair *ret_pair,
		 struct err *err)
{
	CLEAN_BUF struct buf body = BUF_INIT(PAIR_MAX + 1);
	struct exchange exchange = {
		.line = line,
		.timeout_ms = timeout_ms,
		.peer = {.uid = geteuid(), .gid = getegid(), .door = EXCHANGE_PAIR},
	};
	const uint8_t *feed;
	size_t at;

	if (exchange_ask(&exchange, SPAN_NULL, &body, err) < 0)
		return -1;
	feed = body.len ? memchr(body.data, '\n', body.len) : NULL;
	if (!feed)
		return err_set(err, ERR_FORMAT, "the keeper's key pair can not be read");
	at = (size_t)(feed - body.data);
	return copy_pair(span_of(body.data, at), span_from(buf_span(&body), at + 1), pool, ret_pair,
			 err);
}
