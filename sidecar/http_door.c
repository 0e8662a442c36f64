/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1; see http_door.h.
 */
#include "http_door.h"

#include "shared.h"

#include "base/dynlib.h"
#include "base/wipe.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FDS_MAX = 4096, /* descriptors of one worker */
	STACK = 512 *
		1024, /* bytes of a connection's thread: readers of documents go DOC_DEPTH_MAX deep */
	HEAD_MEMORY = 32 * 1024, /* bytes for the head of a request */
};

/* What a connection is waited for. */
enum stage { STAGE_NONE, STAGE_HEAD, STAGE_BODY, STAGE_WORK, STAGE_ANSWER, STAGE_IDLE };

struct connection {
	enum stage stage;
	int64_t since;
};

struct http_door {
	struct MHD_Daemon *daemon;
	struct http_door_events events;
	size_t body_max;
	_Atomic bool leaving;
	pthread_mutex_t lock; /* of the table */
	struct connection table[FDS_MAX];
};

struct request {
	struct buf body;
	bool working, refused;
};

/* What we use of libmicrohttpd: our name, its name. */
#define FUNCTIONS(X)                                                           \
	X(start_daemon, start_daemon)                                          \
	X(stop_daemon, stop_daemon)                                            \
	X(add_connection, add_connection)                                      \
	X(get_connection_info, get_connection_info)                            \
	X(lookup, lookup_connection_value)                                     \
	X(get_values, get_connection_values)                                   \
	X(create_response, create_response_from_buffer_with_free_callback_cls) \
	X(add_header, add_response_header)                                     \
	X(queue, queue_response)                                               \
	X(destroy_response, destroy_response)                                  \
	X(version, get_version)

/* Loaded before any thread is there. */
static struct {
#define POINTER(field, name) __typeof__(MHD_##name) *field;
	FUNCTIONS(POINTER)
#undef POINTER
} mhd;

static const struct dynlib_symbol symbols[] = {
#define ENTRY(field, name) {"MHD_" #name, &mhd.field},
	FUNCTIONS(ENTRY)
#undef ENTRY
};
static struct dynlib library = DYNLIB("libmicrohttpd.so.12", symbols);

int http_door_load(struct err *err)
{
	if (dynlib_load(&library, err) == 0)
		return 0;
	(void)err_wrap(err, "serve needs libmicrohttpd, which can not be used here");
	return err_hint(err, "apt-get install libmicrohttpd12");
}

const char *http_door_version(void)
{
	return library.loaded ? mhd.version() : NULL;
}

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void enter(struct http_door *door, int fd, enum stage stage)
{
	if (fd < 0 || fd >= FDS_MAX)
		return;
	(void)pthread_mutex_lock(&door->lock);
	door->table[fd] = (struct connection){.stage = stage, .since = shared_clock()};
	(void)pthread_mutex_unlock(&door->lock);
}

static const char *header(void *connection, const char *name)
{
	return mhd.lookup(connection, MHD_HEADER_KIND, name);
}

static const char *argument(void *connection, const char *name)
{
	return mhd.lookup(connection, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
	void (*fn)(void *cookie, const char *name, const char *value);
	void *cookie;
};

static enum MHD_Result each_one(void *cls, enum MHD_ValueKind kind, const char *name,
				const char *value)
{
	const struct each *each = cls;

	each->fn(each->cookie, name, value ? value : "");
	return MHD_YES;
}

static void each_header(void *connection,
			void (*fn)(void *cookie, const char *name, const char *value), void *cookie)
{
	struct each each = {.fn = fn, .cookie = cookie};

	(void)mhd.get_values(connection, MHD_HEADER_KIND, each_one, &each);
}

static void free_answer(void *cls)
{
	struct buf *answer = cls;

	buf_release(answer);
	free(answer);
}

/* Hands the answer over; it is wiped when the library is done with it. */
static enum MHD_Result give(struct http_door *door, struct MHD_Connection *connection,
			    struct http_exchange *exchange)
{
	struct buf *answer = calloc(1, sizeof(*answer));
	struct MHD_Response *response;
	enum MHD_Result result;
	size_t i;

	if (!answer)
		return MHD_NO;
	buf_move(answer, &exchange->answer);
	response = mhd.create_response(answer->len, answer->data, free_answer, answer);
	if (!response) {
		free_answer(answer);
		return MHD_NO;
	}
	if (exchange->content_type)
		(void)mhd.add_header(response, "Content-Type", exchange->content_type);
	(void)mhd.add_header(response, "Cache-Control", "no-store");
	for (i = 0; i < HTTP_DOOR_HEADERS && exchange->headers[i][0]; i++)
		(void)mhd.add_header(response, exchange->headers[i][0], exchange->headers[i][1]);
	if (door->leaving)
		(void)mhd.add_header(response, "Connection", "close");
	enter(door, exchange->fd, STAGE_ANSWER);
	result = mhd.queue(connection, (unsigned int)exchange->status, response);
	mhd.destroy_response(response);
	return result;
}

static enum MHD_Result answer_all(struct http_door *door, struct MHD_Connection *connection,
				  const char *url, const char *method, struct request *request)
{
	struct http_exchange exchange = {
		.method = method,
		.path = url,
		.body = buf_span(&request->body),
		.header = header,
		.argument = argument,
		.each_header = each_header,
		.connection = connection,
		.fd = fd_of(connection),
		.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
		.answer = BUF_INIT(SIZE_MAX),
	};
	const int64_t began = shared_clock();
	enum MHD_Result result;

	enter(door, exchange.fd, STAGE_WORK);
	request->working = true;
	door->events.began(door->events.cookie, began);
	if (request->refused) {
		exchange.status = MHD_HTTP_CONTENT_TOO_LARGE;
		exchange.content_type = "application/json";
		exchange.headers[0][0] = "Connection";
		exchange.headers[0][1] = "close";
		buf_printf(
			&exchange.answer,
			"{\"error\": \"more than %zu bytes in one request\", \"exitStatus\": 1}\n",
			door->body_max);
	} else {
		door->events.answer(door->events.cookie, &exchange);
	}
	/* How long a client takes to hear the answer is not the worker's work, and has a bound of its own. */
	door->events.ended(door->events.cookie, began);
	result = give(door, connection, &exchange);
	buf_release(&exchange.answer);
	buf_release(&request->body);
	return result;
}

/* Called with the head, then with each part of the body, then once more. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **con_cls)
{
	struct http_door *door = cls;
	struct request *request = *con_cls;
	const char *length;

	if (!request) {
		request = calloc(1, sizeof(*request));
		if (!request)
			return MHD_NO;
		request->body = (struct buf)BUF_INIT(door->body_max);
		*con_cls = request;
		length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
		request->refused = length && strtoull(length, NULL, 10) > door->body_max;
		enter(door, fd_of(connection), STAGE_BODY);
		/* Refused before the body comes: there is no need to hear it. */
		return request->refused ? answer_all(door, connection, url, method, request)
					: MHD_YES;
	}
	if (*upload_len) {
		buf_add(&request->body, upload, *upload_len);
		request->refused = request->refused || request->body.bad;
		*upload_len = 0;
		return MHD_YES;
	}
	if (request->working)
		return MHD_YES;
	return answer_all(door, connection, url, method, request);
}

static void completed(void *cls, struct MHD_Connection *connection, void **con_cls,
		      enum MHD_RequestTerminationCode how)
{
	struct http_door *door = cls;
	struct request *request = *con_cls;

	if (!request)
		return;
	buf_release(&request->body);
	free(request);
	*con_cls = NULL;
	enter(door, fd_of(connection), STAGE_IDLE);
}

static void notify(void *cls, struct MHD_Connection *connection, void **socket_context,
		   enum MHD_ConnectionNotificationCode how)
{
	struct http_door *door = cls;

	if (how == MHD_CONNECTION_NOTIFY_STARTED) {
		enter(door, fd_of(connection), STAGE_HEAD);
		return;
	}
	enter(door, fd_of(connection), STAGE_NONE);
	door->events.closed(door->events.cookie);
}

/* The library's own words are about clients that go away. */
static void say_nothing(void *cls, const char *fmt, va_list ap)
{
}

int http_door_new(int connections, size_t body_max, const struct http_door_events *events,
		  struct http_door **ret_door, struct err *err)
{
	struct http_door *door = calloc(1, sizeof(*door));

	if (!door)
		return err_nomem(err);
	door->events = *events;
	door->body_max = body_max;
	(void)pthread_mutex_init(&door->lock, NULL);
	door->daemon = mhd.start_daemon(
		MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
			MHD_USE_NO_LISTEN_SOCKET | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG,
		0, NULL, NULL, handle, door, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_NOTIFY_COMPLETED, completed,
		door, MHD_OPTION_NOTIFY_CONNECTION, notify, door, MHD_OPTION_END);
	if (!door->daemon) {
		http_door_free(door);
		return err_set(err, ERR_SYSTEM, "the HTTP server did not start");
	}
	*ret_door = door;
	return 0;
}

bool http_door_add(struct http_door *door, int fd)
{
	struct sockaddr address = {.sa_family = AF_UNIX};

	/* The library closes the descriptor also where it fails. */
	return mhd.add_connection(door->daemon, fd, &address, sizeof(address)) == MHD_YES;
}

static bool is_slow(const struct http_door *door, const struct connection *connection, int64_t now)
{
	switch (connection->stage) {
	case STAGE_HEAD:
		return now > connection->since + HTTP_HEAD_MS;
	case STAGE_BODY:
	case STAGE_ANSWER:
		return now > connection->since + HTTP_BODY_MS;
	case STAGE_IDLE:
		return door->leaving || now > connection->since + HTTP_IDLE_MS;
	default:
		return false;
	}
}

unsigned http_door_cut_slow(struct http_door *door, int64_t now)
{
	unsigned cut = 0;
	int fd;

	(void)pthread_mutex_lock(&door->lock);
	for (fd = 0; fd < FDS_MAX; fd++) {
		if (!is_slow(door, &door->table[fd], now))
			continue;
		cut += door->table[fd].stage != STAGE_IDLE;
		(void)shutdown(fd, SHUT_RDWR);
		door->table[fd].stage = STAGE_NONE;
	}
	(void)pthread_mutex_unlock(&door->lock);
	return cut;
}

void http_door_leave(struct http_door *door)
{
	door->leaving = true;
}

void http_door_free(struct http_door *door)
{
	if (!door)
		return;
	if (door->daemon)
		mhd.stop_daemon(door->daemon);
	(void)pthread_mutex_destroy(&door->lock);
	free(door);
}
