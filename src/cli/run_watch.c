// SPDX-License-Identifier: MIT
/*
 * Watches over a run, from a thread of its own.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/run_watch.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void stop(struct run_watch *watch, const char *why)
{
	vm_stop(watch->vm, why);
	run_gdb_release(watch->gdb);
}

static void stop_for_signal(struct run_watch *watch)
{
	struct signalfd_siginfo info;
	char why[64];

	if (read(watch->signals, &info, sizeof(info)) != sizeof(info))
		return;
	snprintf(why, sizeof(why), "stopped by %s", strsignal((int)info.ssi_signo));
	stop(watch, why);
}

static void stop_for_timeout(struct run_watch *watch)
{
	char why[64];

	snprintf(why, sizeof(why), "stopped: the guest still ran after %g seconds", watch->timeout);
	stop(watch, why);
	watch->timeout = 0;
}

/* Milliseconds until the timeout, rounded up; -1: no timeout. */
static int remaining(const struct run_watch *watch, double start)
{
	double left = start + watch->timeout - now();

	if (!(watch->timeout > 0))
		return -1;
	return left <= 0 ? 0 : left > 1e6 ? 1000000000 : (int)(left * 1000) + 1;
}

static void *watch_thread(void *opaque)
{
	struct run_watch *watch = opaque;
	struct pollfd fds[] = { { watch->over, POLLIN, 0 }, { watch->signals, POLLIN, 0 } };
	double start = now();

	for (;;) {
		int ready = poll(fds, 2, remaining(watch, start));

		if (ready < 0 && errno != EINTR)
			return NULL;
		if (fds[0].revents & POLLIN)
			return NULL;
		if (ready == 0 && watch->timeout > 0 && now() >= start + watch->timeout)
			stop_for_timeout(watch);
		if (ready > 0 && fds[1].revents & POLLIN)
			stop_for_signal(watch);
	}
}

int run_watch_start(struct run_watch *watch, struct vmm_vm *vm, struct run_gdb *gdb, double timeout)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	*watch = (struct run_watch){ .vm = vm,
				     .gdb = gdb,
				     .timeout = timeout,
				     .signals = signalfd(-1, &set, SFD_CLOEXEC),
				     .over = eventfd(0, EFD_CLOEXEC) };
	if (watch->signals < 0 || watch->over < 0 ||
	    pthread_create(&watch->thread, NULL, watch_thread, watch)) {
		fprintf(stderr, "seamless: can't watch for signals: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

void run_watch_stop(struct run_watch *watch)
{
	if (eventfd_write(watch->over, 1) == 0)
		pthread_join(watch->thread, NULL);
	close(watch->over);
	close(watch->signals);
}
