// SPDX-License-Identifier: MIT
/*
 * The socket of --gdb, and the thread that serves it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/run_gdb.h"
#include "cli/run_report.h"

static int fail(const char *what)
{
	fprintf(stderr, "seamless run: --gdb: %s: %s\n", what, strerror(errno));
	return -1;
}

int run_gdb_open(struct run_gdb *gdb)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(gdb->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	char what[40];

	gdb->listener = gdb->client = gdb->stopped = gdb->over = -1;
	if (!gdb->wanted)
		return 0;
	gdb->open = true;
	snprintf(what, sizeof(what), "port %u", gdb->port);
	gdb->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (gdb->listener < 0 ||
	    setsockopt(gdb->listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) ||
	    bind(gdb->listener, (struct sockaddr *)&at, sizeof(at)) || listen(gdb->listener, 1) ||
	    getsockname(gdb->listener, (struct sockaddr *)&at, &size))
		return fail(what);
	gdb->port = ntohs(at.sin_port);
	return 0;
}

/* ---- for the session ---- */

/* A client that takes nothing is as good as gone. */
static void send_to_client(void *opaque, const void *bytes, size_t n)
{
	struct run_gdb *gdb = opaque;

	for (ssize_t sent; n; n -= (size_t)sent, bytes = (const char *)bytes + sent) {
		sent = send(gdb->client, bytes, n, MSG_NOSIGNAL);
		if (sent > 0)
			continue;
		shutdown(gdb->client, SHUT_RDWR);
		return;
	}
}

static void describe(void *opaque, unsigned index, char *text, size_t room)
{
	struct run_gdb *gdb = opaque;
	struct vmm_vm *vm = gdb->vm;
	bool asleep;
	size_t n;

	pthread_mutex_lock(&vm->lock);
	asleep = vm->vcpu[index].asleep;
	pthread_mutex_unlock(&vm->lock);
	n = (size_t)snprintf(text, room, "%s", asleep ? "halted " : "");
	seamless_guest_position(vm->host->machine, index, text + n, room - n);
}

static void tell_stopped(void *opaque)
{
	struct run_gdb *gdb = opaque;

	eventfd_write(gdb->stopped, 1);
}

/* ---- the thread ---- */

static bool took_event(int event)
{
	eventfd_t count;

	return !eventfd_read(event, &count);
}

/* What the client sent; false: the session is at its end. */
static bool take_input(struct run_gdb *gdb)
{
	uint8_t bytes[4096];
	ssize_t n = read(gdb->client, bytes, sizeof(bytes));
	enum gdb_verdict verdict;

	if (n <= 0) {
		gdb_session_end(&gdb->session);
		return false;
	}
	verdict = gdb_session_take(&gdb->session, bytes, (size_t)n);
	if (verdict == GDB_KILLED)
		vm_stop(gdb->vm, "stopped by gdb");
	if (verdict == GDB_BROKEN)
		run_say("gdb: ", "the client does not speak the remote protocol: disconnected");
	if (verdict == GDB_BROKEN || verdict == GDB_KILLED)
		gdb_session_end(&gdb->session);
	return verdict == GDB_GOES_ON;
}

static bool serve_once(struct run_gdb *gdb)
{
	struct pollfd fds[] = { { gdb->over, POLLIN, 0 },
				{ gdb->stopped, POLLIN, 0 },
				{ gdb->client, POLLIN, 0 } };

	if (poll(fds, 3, -1) < 0)
		return errno == EINTR;
	if (fds[0].revents) {
		gdb_session_over(&gdb->session, gdb->status);
		return false;
	}
	if (fds[1].revents && took_event(gdb->stopped) &&
	    gdb_session_stopped(&gdb->session) != GDB_GOES_ON) {
		gdb_session_end(&gdb->session);
		return false;
	}
	return !fds[2].revents || take_input(gdb);
}

/* The client has what was sent once it hangs up itself. */
static void hang_up(struct run_gdb *gdb)
{
	struct pollfd fd = { gdb->client, POLLIN, 0 };
	char rest[256];

	shutdown(gdb->client, SHUT_WR);
	while (poll(&fd, 1, 1000) > 0 && read(gdb->client, rest, sizeof(rest)) > 0)
		;
	close(gdb->client);
	gdb->client = -1;
}

static void serve(struct run_gdb *gdb)
{
	const struct timeval patience = { .tv_sec = 5 };
	const struct gdb_config config = { .machine = gdb->vm->host->machine,
					   .vcpus = gdb->vm->config.vcpus,
					   .send = send_to_client,
					   .describe = describe,
					   .opaque = gdb };

	setsockopt(gdb->client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	setsockopt(gdb->client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	gdb_session_begin(&gdb->session, &config);
	if (gdb_session_stopped(&gdb->session) == GDB_GOES_ON)
		while (serve_once(gdb))
			;
	hang_up(gdb);
}

static void *gdb_thread(void *opaque)
{
	struct run_gdb *gdb = opaque;
	struct pollfd fds[] = { { gdb->over, POLLIN, 0 }, { gdb->listener, POLLIN, 0 } };

	while (!fds[0].revents && (poll(fds, 2, -1) >= 0 || errno == EINTR)) {
		if (fds[0].revents || !fds[1].revents)
			continue;
		gdb->client = accept4(gdb->listener, NULL, NULL, SOCK_CLOEXEC);
		if (gdb->client >= 0)
			serve(gdb);
	}
	return NULL;
}

int run_gdb_start(struct run_gdb *gdb, struct vmm_vm *vm)
{
	const struct seamless_debug_config config = { .lps = vm->config.vcpus,
						      .one_thread = vm->config.deterministic,
						      .stopped = tell_stopped,
						      .opaque = gdb };
	char line[80];

	if (!gdb->wanted)
		return 0;
	gdb->vm = vm;
	gdb->stopped = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	gdb->over = eventfd(0, EFD_CLOEXEC);
	if (gdb->stopped < 0 || gdb->over < 0)
		return fail("eventfd");
	if (!seamless_debug_start(vm->host->machine, &config)) {
		errno = ENOMEM;
		return fail("stopping the guest");
	}
	atomic_store(&gdb->attached, true);
	snprintf(line, sizeof(line), "(gdb) target remote localhost:%u", gdb->port);
	run_say("the guest waits at its first instruction for gdb: ", line);
	gdb->started = !pthread_create(&gdb->thread, NULL, gdb_thread, gdb);
	return gdb->started ? 0 : fail("no thread");
}

void run_gdb_release(struct run_gdb *gdb)
{
	if (atomic_load(&gdb->attached))
		seamless_debug_end(gdb->vm->host->machine);
}

void run_gdb_stop(struct run_gdb *gdb, unsigned status)
{
	if (!gdb->started)
		return;
	gdb->status = status;
	eventfd_write(gdb->over, 1);
	pthread_join(gdb->thread, NULL);
	gdb->started = false;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void run_gdb_close(struct run_gdb *gdb)
{
	if (!gdb->open)
		return;
	close_fd(&gdb->listener);
	close_fd(&gdb->stopped);
	close_fd(&gdb->over);
}
