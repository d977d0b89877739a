// SPDX-License-Identifier: MIT
/*
 * How far a run is.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/run_progress.h"

#define FIRST_MS   1000
#define EVERY_MS   200
#define ERASE_LINE "\r\033[K"

static void say(const struct vmm_vm *vm, unsigned ms)
{
	uint64_t all = (vm->image->ram[0].size + vm->image->ram[1].size) >> 20;
	uint64_t accepted = atomic_load(&vm->counts.augmented) >> 8;

	fprintf(stderr,
		ERASE_LINE "seamless: %u s: %" PRIu64 " of %" PRIu64 " MiB accepted, %" PRIu64
			   " TDVMCALLs; the guest has not printed anything yet",
		ms / 1000, accepted, all, atomic_load(&vm->counts.vmcalls));
	fflush(stderr);
}

static void show(struct run_progress *progress, unsigned ms)
{
	pthread_mutex_lock(&progress->lock);
	if (!progress->quiet) {
		progress->shown = true;
		say(progress->vm, ms);
	}
	pthread_mutex_unlock(&progress->lock);
}

static void *progress_thread(void *opaque)
{
	struct run_progress *progress = opaque;
	struct pollfd over = { progress->over, POLLIN, 0 };
	unsigned ms = 0;

	for (int wait = FIRST_MS; poll(&over, 1, wait) == 0; wait = EVERY_MS) {
		ms += (unsigned)wait;
		show(progress, ms);
	}
	return NULL;
}

static void end(struct run_progress *progress)
{
	close(progress->over);
	pthread_mutex_destroy(&progress->lock);
}

void run_progress_start(struct run_progress *progress, struct vmm_vm *vm)
{
	*progress = (struct run_progress){ .vm = vm };
	if (!isatty(STDERR_FILENO) || (progress->over = eventfd(0, EFD_CLOEXEC)) < 0)
		return;
	pthread_mutex_init(&progress->lock, NULL);
	progress->started = !pthread_create(&progress->thread, NULL, progress_thread, progress);
	if (!progress->started)
		end(progress);
}

void run_progress_quiet(struct run_progress *progress)
{
	if (!progress->started)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->quiet = true;
	if (progress->shown)
		fputs(ERASE_LINE, stderr);
	progress->shown = false;
	pthread_mutex_unlock(&progress->lock);
}

void run_progress_stop(struct run_progress *progress)
{
	if (!progress->started)
		return;
	run_progress_quiet(progress);
	if (eventfd_write(progress->over, 1) == 0)
		pthread_join(progress->thread, NULL);
	progress->started = false;
	end(progress);
}
