// SPDX-License-Identifier: MIT
/*
 * Reads standard input while the guest runs.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/run_input.h"

#define ESCAPE 0x01 /* Ctrl-A */
#define CTRL_C 0x03

/* The terminal to be restored at exit, whoever calls it. */
static struct termios saved;
static bool raw;

static void restore(void)
{
	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	raw = false;
}

/* A job in the background leaves the terminal to the one in front. */
static bool has_terminal(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* Output stays as it is: a guest's newline begins a new line. */
static void make_raw(struct run_input *input)
{
	struct termios mode;

	if (!has_terminal() || tcgetattr(STDIN_FILENO, &saved))
		return;
	mode = saved;
	mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON | BRKINT);
	mode.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	atexit(restore);
	raw = input->terminal = !tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
	if (raw)
		fputs("seamless: keys go to the guest; Ctrl-A x ends the run\n", stderr);
}

/* What the guest gets of a key: itself, or nothing. */
static bool is_for_guest(struct run_input *input, uint8_t key)
{
	bool escaped = input->escaped;

	input->escaped = input->terminal && !escaped && key == ESCAPE;
	if (input->escaped)
		return false;
	if (escaped && (key == 'x' || key == 'X'))
		vm_stop(input->vm, "stopped by Ctrl-A x");
	else if (!escaped && input->terminal && key == CTRL_C && !vm_takes_input(input->vm))
		vm_stop(input->vm, "stopped by Ctrl-C");
	else
		return !escaped || key == ESCAPE;
	return false;
}

static void type(struct run_input *input, const uint8_t *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_for_guest(input, keys[i]))
			vm_type(input->vm, &keys[i], 1);
	}
}

static void *input_thread(void *opaque)
{
	struct run_input *input = opaque;
	struct pollfd fds[] = { { input->over, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
	uint8_t keys[256];
	ssize_t count = 1;

	while (count > 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			return NULL;
		count = fds[1].revents ? read(STDIN_FILENO, keys, sizeof(keys)) : 1;
		if (fds[1].revents && count > 0)
			type(input, keys, (size_t)count);
	}
	vm_input_opened(input->vm, false);
	return NULL;
}

int run_input_start(struct run_input *input, struct vmm_vm *vm)
{
	*input = (struct run_input){ .vm = vm, .over = eventfd(0, EFD_CLOEXEC) };
	/* A terminal that belongs to another job is not read: that would stop this one. */
	if (isatty(STDIN_FILENO) && !has_terminal())
		return 0;
	vm_input_opened(vm, true);
	make_raw(input);
	input->started =
		input->over >= 0 && !pthread_create(&input->thread, NULL, input_thread, input);
	if (!input->started) {
		fprintf(stderr, "seamless: can't read the input: %s\n", strerror(errno));
		restore();
		return -1;
	}
	return 0;
}

void run_input_stop(struct run_input *input)
{
	if (input->started && eventfd_write(input->over, 1) == 0)
		pthread_join(input->thread, NULL);
	restore();
	close(input->over);
}
