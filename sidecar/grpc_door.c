/* SPDX-License-Identifier: Apache-2.0
 *
 * gRPC by hand over libnghttp2; see grpc_door.h. Trailers say how a call ended; one that failed has nothing else.
 */
#include "grpc_door.h"

#include "grpc_key.h"
#include "shared.h"

#include "base/dynlib.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK = 256 * 1024, READ_SIZE = 16 * 1024, TICK_MS = 250, PATH_LEN_MAX = 64 };

/* What we use of nghttp2: our name, its name. */
#define FUNCTIONS(X)                                                          \
	X(callbacks_new, session_callbacks_new)                               \
	X(callbacks_del, session_callbacks_del)                               \
	X(set_begin_headers, session_callbacks_set_on_begin_headers_callback) \
	X(set_header, session_callbacks_set_on_header_callback)               \
	X(set_data, session_callbacks_set_on_data_chunk_recv_callback)        \
	X(set_frame, session_callbacks_set_on_frame_recv_callback)            \
	X(set_close, session_callbacks_set_on_stream_close_callback)          \
	X(server_new, session_server_new)                                     \
	X(del, session_del)                                                   \
	X(receive, session_mem_recv)                                          \
	X(send, session_mem_send)                                             \
	X(want_read, session_want_read)                                       \
	X(want_write, session_want_write)                                     \
	X(terminate, session_terminate_session)                               \
	X(set_user_data, session_set_stream_user_data)                        \
	X(get_user_data, session_get_stream_user_data)                        \
	X(submit_settings, submit_settings)                                   \
	X(submit_response, submit_response)                                   \
	X(submit_trailer, submit_trailer)

/* Loaded before any thread is there. */
static struct {
#define POINTER(field, name) __typeof__(nghttp2_##name) *field;
	FUNCTIONS(POINTER)
#undef POINTER
} h2;

static const struct dynlib_symbol symbols[] = {
#define ENTRY(field, name) {"nghttp2_" #name, &h2.field},
	FUNCTIONS(ENTRY)
#undef ENTRY
};
static struct dynlib library = DYNLIB("libnghttp2.so.14", symbols);

struct call {
	struct call *next;
	char path[PATH_LEN_MAX];
	int64_t since;  /* it began to come, or to be answered */
	size_t headers; /* bytes of them so far */
	struct buf body, answer;
	size_t sent;
};

struct connection {
	int fd;
	const struct grpc_door_events *events;
	const _Atomic bool *leaving;
	nghttp2_session *session;
	struct call *calls;
	bool heard;    /* a whole frame */
	int64_t since; /* it has had no call, and nobody has heard of it before */
};

int grpc_door_load(struct err *err)
{
	if (dynlib_load(&library, err) == 0)
		return 0;
	(void)err_wrap(err, "sops's key service needs libnghttp2, which can not be used here");
	return err_hint(err, "apt-get install libnghttp2-14");
}

bool grpc_door_is_loaded(void)
{
	return library.loaded;
}

static void free_call(struct call *call)
{
	buf_release(&call->body);
	buf_release(&call->answer);
	free(call);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct connection *connection = user;
	struct call *call;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	call = calloc(1, sizeof(*call));
	if (!call)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	call->body = (struct buf)BUF_INIT(GRPC_MESSAGE_MAX + GRPC_PREFIX);
	call->answer = (struct buf)BUF_INIT(GRPC_MESSAGE_MAX);
	call->since = shared_clock();
	call->next = connection->calls;
	connection->calls = call;
	return h2.set_user_data(session, frame->hd.stream_id, call);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
		     void *user)
{
	struct call *call = h2.get_user_data(session, frame->hd.stream_id);

	if (!call)
		return 0;
	call->headers += name_len + value_len;
	if (call->headers > GRPC_HEADER_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (span_is(span_of(name, name_len), ":path") && value_len < sizeof(call->path)) {
		memcpy(call->path, value, value_len);
		call->path[value_len] = '\0';
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t len, void *user)
{
	struct call *call = h2.get_user_data(session, stream);

	if (call)
		buf_add(&call->body, data, len);
	return 0;
}

static ssize_t give_answer(nghttp2_session *session, int32_t stream, uint8_t *room, size_t size,
			   uint32_t *flags, nghttp2_data_source *source, void *user)
{
	static const nghttp2_nv trailer[] = {
		{(uint8_t *)"grpc-status", (uint8_t *)"0", 11, 1, NGHTTP2_NV_FLAG_NONE},
	};
	struct call *call = source->ptr;
	size_t n = call->answer.len - call->sent;

	n = n < size ? n : size;
	memcpy(room, call->answer.data + call->sent, n);
	call->sent += n;
	if (call->sent < call->answer.len)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (h2.submit_trailer(session, stream, trailer, ARRAY_LEN(trailer)) != 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	return (ssize_t)n;
}

/* grpc-message is percent-encoded where it is not plain; our messages hold no secrets. */
static void encode_message(const char *text, struct buf *out)
{
	const unsigned char *at;

	for (at = (const unsigned char *)text; *at; at++) {
		if (*at < 0x20 || *at > 0x7e || *at == '%')
			buf_printf(out, "%%%02X", *at);
		else
			buf_add_char(out, *at);
	}
}

static nghttp2_nv field(const char *name, struct span value)
{
	return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value.data, strlen(name), value.len,
			    NGHTTP2_NV_FLAG_NONE};
}

static int answer_call(struct connection *connection, int32_t stream, struct call *call)
{
	CLEAN_BUF struct buf message = BUF_INIT(4 * ERR_MSG_MAX);
	nghttp2_data_provider provider = {.source.ptr = call, .read_callback = give_answer};
	struct err err = ERR_INIT;
	char number[16];
	int status = GRPC_RESOURCE_EXHAUSTED;
	struct call *other;
	nghttp2_nv head[4];
	size_t n = 2;

	if (call->body.bad)
		(void)err_set(&err, ERR_LIMIT, "the message is too long");
	else
		status = connection->events->call(connection->events->cookie, connection->fd,
						  call->path, buf_span(&call->body), &call->answer,
						  &err);
	/* The others have waited for this one. */
	for (other = connection->calls; other; other = other->next)
		other->since = shared_clock();
	head[0] = field(":status", SPAN("200"));
	head[1] = field("content-type", SPAN("application/grpc"));
	if (status != GRPC_OK || call->answer.bad) {
		(void)snprintf(number, sizeof(number), "%d",
			       status != GRPC_OK ? status : GRPC_INTERNAL);
		encode_message(err.msg, &message);
		head[n++] = field("grpc-status", span_str(number));
		head[n++] = field("grpc-message", buf_span(&message));
	}
	return h2.submit_response(connection->session, stream, head, n, n == 2 ? &provider : NULL);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct connection *connection = user;
	struct call *call;

	connection->heard = true;
	if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	call = h2.get_user_data(session, frame->hd.stream_id);
	return call ? answer_call(connection, frame->hd.stream_id, call) : 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
	struct connection *connection = user;
	struct call **at = &connection->calls, *call = h2.get_user_data(session, stream);

	if (!call)
		return 0;
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	free_call(call);
	connection->since = shared_clock();
	return 0;
}

static int open_session(struct connection *connection)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, GRPC_STREAMS_MAX},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_HEADER_MAX},
	};
	nghttp2_session_callbacks *callbacks;
	int r;

	if (h2.callbacks_new(&callbacks) != 0)
		return -1;
	h2.set_begin_headers(callbacks, on_begin_headers);
	h2.set_header(callbacks, on_header);
	h2.set_data(callbacks, on_data);
	h2.set_frame(callbacks, on_frame);
	h2.set_close(callbacks, on_close);
	r = h2.server_new(&connection->session, callbacks, connection);
	h2.callbacks_del(callbacks);
	if (r != 0)
		return -1;
	return h2.submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings,
				  ARRAY_LEN(settings));
}

static bool wait_for(const struct connection *connection, short what, int ms)
{
	struct pollfd one = {.fd = connection->fd, .events = what};

	return poll(&one, 1, ms) > 0;
}

/* Sends all that the session has. A client that does not take it within its time is let go. */
static int flush_session(struct connection *connection)
{
	const uint8_t *data;
	ssize_t len, n;

	while ((len = h2.send(connection->session, &data)) > 0) {
		while (len > 0) {
			n = send(connection->fd, data, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && errno == EAGAIN && wait_for(connection, POLLOUT, GRPC_CALL_MS))
				continue;
			if (n < 0)
				return -1;
			data += n;
			len -= n;
		}
	}
	return len < 0 ? -1 : 0;
}

/* How long is for whole calls, whoever sends byte by byte. */
static bool is_slow(const struct connection *connection, int64_t now)
{
	const struct call *call;

	for (call = connection->calls; call; call = call->next) {
		if (now > call->since + GRPC_CALL_MS)
			return true;
	}
	return !connection->heard && now > connection->since + GRPC_HEAD_MS;
}

static bool is_idle(const struct connection *connection, int64_t now)
{
	return !connection->calls &&
	       (*connection->leaving || now > connection->since + GRPC_IDLE_MS);
}

static void serve(struct connection *connection)
{
	uint8_t bytes[READ_SIZE];
	int64_t now;
	ssize_t n;

	connection->since = shared_clock();
	while (flush_session(connection) == 0 &&
	       (h2.want_read(connection->session) || h2.want_write(connection->session))) {
		now = shared_clock();
		if (is_slow(connection, now)) {
			connection->events->cut(connection->events->cookie);
			return;
		}
		if (is_idle(connection, now)) {
			(void)h2.terminate(connection->session, NGHTTP2_NO_ERROR);
			(void)flush_session(connection);
			return;
		}
		if (!wait_for(connection, POLLIN, TICK_MS))
			continue;
		n = recv(connection->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || h2.receive(connection->session, bytes, (size_t)n) != n)
			return;
	}
}

static void *run(void *arg)
{
	struct connection *connection = arg;
	struct call *call;

	if (open_session(connection) == 0)
		serve(connection);
	h2.del(connection->session);
	while ((call = connection->calls)) {
		connection->calls = call->next;
		free_call(call);
	}
	(void)close(connection->fd);
	connection->events->closed(connection->events->cookie);
	free(connection);
	return NULL;
}

bool grpc_door_add(int fd, const struct grpc_door_events *events, const _Atomic bool *leaving)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	if (!connection)
		return false;
	*connection = (struct connection){.fd = fd, .events = events, .leaving = leaving};
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, run, connection);
	(void)pthread_attr_destroy(&attr);
	if (r != 0)
		free(connection);
	return r == 0;
}
